"""Files: what the transports have in common that leave files at an outlet (FTP, SFTP, S3, a folder).

file_options.py   what an outlet may say about its files    file_names.py     a template, filled in for one delivery
file_plan.py      which files a delivery writes, removes    steps.py          transfers that follow one another
file_server.py    where a folder is on a server             private_keys.py   private keys for libcurl, in no folder

A file is written under the name `.NAME.part` and renamed when all of it is there, so nobody ever sees half of one. What
a cut leaves is overwritten by the next attempt. The same delivery always has the same names and bytes.
"""
