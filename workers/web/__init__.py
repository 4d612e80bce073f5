"""The web server: feeds, media, and what outlets answer, each a module with its routes.

application.py      the Starlette application: all routes, and what surrounds each request
door/               where producers send releases over HTTP
feeds.py            feeds for outlets that fetch
answers.py          what outlets say became of a delivery
verifying.py        the link by which whoever reads the mail of an outlet confirms it
pages/              what operations look at and do, a file for each page
metrics.py          `GET /metrics`, for Prometheus
problem_details.py  every refusal and error as `application/problem+json`
surroundings.py     the access log, headers for browsers, limits on bodies and on the time of a client
prefix.py           the path under which a proxy shows all of it
readiness.py        `GET /health`
unsubscribing.py    `/unsubscribe/{token}`, the way out that e-mails name
patient_protocol.py uvicorn's HTTP, with a limit on how long a client may take for the head of a request
listening.py        where it listens, and its command
serve.py            the process `web`
"""
