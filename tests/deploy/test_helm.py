"""The Helm chart, rendered with several files of values: Kubernetes takes it, and it says the same as Compose."""

from __future__ import annotations

import copy
import ipaddress
import tomllib
from functools import cache
from typing import Any

import kubernetes_validate.utils
import pytest
import yaml

from tasks.runtime.settings import PREFIX, Settings, settings
from tests.deploy import pod_security
from tests.deploy.chart import CHART, ROOT, SCENES, Manifest, container, helm, of_kind, pods, refusal, rendered
from workers import environment
from workers.health import PROCESSES

# It reads the megabytes of a version anew for each object.
kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)
WORKERS = sorted(environment.WORKERS)
VERSIONS = ("1.27", "1.37")
"""The oldest Kubernetes that the chart takes, and the newest whose schemas are here."""
CUSTOM = ("monitoring.coreos.com/", "keda.sh/")
"""What others have added to Kubernetes, which its schemas do not know."""


@pytest.mark.parametrize("scene", SCENES)
def test_helm_finds_nothing_wrong(scene: str) -> None:
    done = helm("lint", "--strict", str(CHART), "--values", str(CHART / "ci" / f"{scene}-values.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scene", SCENES)
def test_kubernetes_takes_every_object(scene: str, version: str) -> None:
    """Strictly: a field that Kubernetes does not know is a fault too."""
    for manifest in rendered(scene):
        if not manifest["apiVersion"].startswith(CUSTOM):
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("scene", SCENES)
def test_no_name_is_taken_twice(scene: str) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered(scene)]
    assert len(names) == len(set(names))


def test_it_has_the_version_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_it_can_be_packed_with_the_files_of_others(tmp_path: Any) -> None:
    """The broker's configuration, the alerts and the dashboard are links to where they stand."""
    done = helm("package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    [archive] = tmp_path.iterdir()
    values = ["--values", str(CHART / "ci" / "everything-values.yaml")]
    assert (
        helm("template", "wire", str(archive), *values).stdout == helm("template", "wire", str(CHART), *values).stdout
    )


# --- Pod Security `restricted`


@pytest.mark.parametrize("scene", SCENES)
def test_every_pod_passes_pod_security_restricted(scene: str) -> None:
    for name, pod in pods(rendered(scene)).items():
        assert pod_security.violations(pod) == [], name
        assert container(pod)["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod["automountServiceAccountToken"] is False


BROKEN: list[tuple[str, Any, str]] = [
    ("hostNetwork", True, "hostNetwork"),
    ("hostPID", True, "hostPID"),
    ("hostIPC", True, "hostIPC"),
    ("volumes", [{"name": "disk", "hostPath": {"path": "/"}}], "volume disk"),
    ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}], "sysctl kernel.msgmax"),
    ("securityContext.runAsUser", 0, "pod: runAsUser"),
    ("securityContext.seccompProfile", {"type": "Unconfined"}, "pod: seccompProfile"),
    ("securityContext.seccompProfile", None, "deliver: seccompProfile"),
    ("securityContext.appArmorProfile", {"type": "Unconfined"}, "pod: appArmorProfile"),
    ("securityContext.seLinuxOptions", {"user": "root"}, "pod: seLinuxOptions"),
    ("securityContext.windowsOptions", {"hostProcess": True}, "pod: hostProcess"),
    ("containers.0.securityContext.privileged", True, "deliver: privileged"),
    ("containers.0.securityContext.allowPrivilegeEscalation", None, "deliver: allowPrivilegeEscalation"),
    ("containers.0.securityContext.capabilities", {"drop": ["NET_RAW"]}, "deliver: capabilities.drop"),
    ("containers.0.securityContext.capabilities", {"drop": ["ALL"], "add": ["CHOWN"]}, "deliver: capabilities.add"),
    ("containers.0.securityContext.procMount", "Unmasked", "deliver: procMount"),
    ("containers.0.securityContext.runAsNonRoot", False, "deliver: runAsNonRoot"),
    ("containers.0.securityContext.runAsUser", 0, "deliver: runAsUser"),
    ("containers.0.ports", [{"containerPort": 80, "hostPort": 80}], "deliver: hostPort"),
]
"""A place in a pod, what is put there (None: nothing), and the fault that it is."""


@pytest.mark.parametrize(("place", "value", "fault"), BROKEN)
def test_a_pod_that_breaks_a_rule_is_found(place: str, value: Any, fault: str) -> None:
    pod = copy.deepcopy(pods(rendered("minimal"))["deliver"])
    *way, last = place.split(".")
    node: Any = pod
    for step in way:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    assert pod_security.violations(pod) == [fault]


# --- the same as Compose


@pytest.mark.parametrize("name", PROCESSES)
def test_commands_are_those_of_compose(services: dict[str, Any], name: str) -> None:
    assert container(pods(rendered("minimal"))[name])["args"] == services[name]["command"]


def test_the_broker_is_configured_as_in_compose() -> None:
    own = of_kind(rendered("minimal"), "ConfigMap")["broker"]
    assert own["data"]["valkey.conf"] == (ROOT / "deploy" / "valkey.conf").read_text()


@pytest.mark.parametrize("scene", SCENES)
def test_settings_are_those_of_fanwire(scene: str) -> None:
    """A name that is none would have no effect."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    data = of_kind(rendered(scene), "ConfigMap")["settings"]["data"]
    assert data.keys() <= known - environment.SEEN_BY.keys()
    assert all(isinstance(value, str) for value in data.values())
    migrating = {one["name"]: one.get("value") for one in container(pods(rendered(scene))["migrate"])["env"]}
    assert data.items() <= migrating.items(), "the job is there before the config map"


def test_only_those_who_dial_outlets_get_their_secrets() -> None:
    manifests = rendered("minimal")
    for name in PROCESSES:
        sources, mounted = given(pods(manifests)[name])
        assert ("outlets" in sources) is ("secrets" in mounted) is (name == "deliver")
    folder = of_kind(manifests, "ConfigMap")["settings"]["data"]["FANWIRE_SECRETS_FOLDER"]
    assert given(pods(manifests)["deliver"])[1]["secrets"] == folder


def test_only_who_takes_releases_in_gets_the_keys_of_producers() -> None:
    for name in PROCESSES:
        sources, mounted = given(pods(rendered("minimal"))[name])
        assert ("producers" in sources) is (name == "intake")
        assert ("producers" in mounted) is (name in ("intake", "web")), "the door looks there what each may send"


def test_only_the_web_server_sees_who_may_sign_in() -> None:
    manifests = rendered("minimal")
    assert {name for name, pod in pods(manifests).items() if "users" in given(pod)[1]} == {"web"}
    file = of_kind(manifests, "ConfigMap")["settings"]["data"]["FANWIRE_USERS_FILE"]
    assert file.startswith(given(pods(manifests)["web"])[1]["users"] + "/")


def given(pod: Manifest) -> tuple[set[str], dict[str, str]]:
    """The Secrets of which a container sees everything as variables, and its volumes with their folders."""
    one = container(pod)
    sources = {source["secretRef"]["name"] for source in one.get("envFrom", []) if "secretRef" in source}
    return sources, {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}


@pytest.mark.parametrize("scene", SCENES)
def test_it_makes_no_secret_and_holds_none(scene: str) -> None:
    assert "Secret" not in {one["kind"] for one in rendered(scene)}


def test_the_store_of_media_is_shared_by_those_who_need_it() -> None:
    manifests = rendered("everything")
    mounted = {name: given(pod)[1].get("media") for name, pod in pods(manifests).items()}
    assert {name for name, place in mounted.items() if place == "/media"} == {"format", "deliver", "web"}
    data = of_kind(manifests, "ConfigMap")["settings"]["data"]
    assert (data["FANWIRE_MEDIA_URL"], data["FANWIRE_ARCHIVE_URL"]) == ("file:///media", "file:///media/archive")


# --- starting, stopping, being replaced


def test_the_ledger_is_migrated_before_anything_else() -> None:
    for scene in SCENES:
        job = of_kind(rendered(scene), "Job")["migrate"]
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert container(pods(rendered(scene))["migrate"])["args"][:2] == ["fanwire", "migrate"]
        needed = [*container(pods(rendered(scene))["migrate"])["env"], pods(rendered(scene))["migrate"]]
        assert "configMapRef" not in str(needed), "nothing of the chart is there before the first installation"
        assert pods(rendered(scene))["migrate"]["serviceAccountName"] == "default"


@pytest.mark.parametrize("scene", SCENES)
def test_a_worker_has_time_to_finish_and_a_heartbeat(scene: str) -> None:
    data = of_kind(rendered(scene), "ConfigMap")["settings"]["data"]
    assert float(data["FANWIRE_DEADLINE"]) >= settings().deadline
    for name in WORKERS:
        pod = pods(rendered(scene))[name]
        assert pod["terminationGracePeriodSeconds"] >= float(data["FANWIRE_DEADLINE"]) + 15
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container(pod)[probe]["exec"]["command"][:4] == ["python", "-m", "workers.health", name]


@pytest.mark.parametrize("scene", SCENES)
def test_every_process_is_asked_whether_it_is_well(scene: str) -> None:
    for name, pod in pods(rendered(scene)).items():
        asked = container(pod).keys() & {"startupProbe", "readinessProbe", "livenessProbe"}
        assert len(asked) == (0 if name == "migrate" else 3), name


def test_an_upgrade_leaves_the_number_of_replicas_to_what_scales_it() -> None:
    fixed = {name: one["spec"].get("replicas") for name, one in of_kind(rendered("minimal"), "Deployment").items()}
    assert fixed == {"intake": 1, "translate": 1, "format": 1, "deliver": 2, "web": 2, "flower": 1}
    scaled = rendered("autoscaling")
    assert all("replicas" not in one["spec"] for one in of_kind(scaled, "Deployment").values())
    by_cpu = of_kind(scaled, "HorizontalPodAutoscaler")
    assert set(by_cpu) == {"translate", "format", "web"}
    assert {one["spec"]["scaleTargetRef"]["name"] for one in by_cpu.values()} == {f"wire-{name}" for name in by_cpu}


def test_keda_scales_deliveries_by_how_long_the_oldest_has_been_due() -> None:
    [(name, scaled)] = of_kind(rendered("autoscaling"), "ScaledObject").items()
    assert (name, scaled["spec"]["scaleTargetRef"]["name"]) == ("deliver", "wire-deliver")
    [trigger] = scaled["spec"]["triggers"]
    assert trigger["type"] == "prometheus"
    assert "fanwire_oldest_due_age_seconds" in trigger["metadata"]["query"]
    assert all(isinstance(value, str) for value in trigger["metadata"].values()), "KEDA takes only strings there"


def test_settings_that_change_replace_the_pods() -> None:
    def mark(*options: str) -> str:
        template = of_kind(rendered("minimal", *options), "Deployment")["web"]["spec"]["template"]
        found: str = template["metadata"]["annotations"]["fanwire/settings"]
        return found

    assert mark() != mark("--set-string", "settings.FANWIRE_DEADLINE=31")


@pytest.mark.parametrize("scene", SCENES)
def test_budgets_and_spread_are_for_pods_that_are_there(scene: str) -> None:
    labels = [
        one["spec"]["template"]["metadata"]["labels"] for one in of_kind(rendered(scene), "Deployment").values()
    ]  # fmt: skip
    budgets = of_kind(rendered(scene), "PodDisruptionBudget")
    assert set(budgets) == {*WORKERS, "web"}
    for budget in budgets.values():
        wanted = budget["spec"]["selector"]["matchLabels"].items()
        assert sum(wanted <= one.items() for one in labels) == 1
    for name, one in of_kind(rendered(scene), "Deployment").items():
        spread = one["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        assert all(each["labelSelector"] == one["spec"]["selector"] for each in spread), name


def test_every_pod_goes_where_the_values_send_it() -> None:
    for name, pod in pods(rendered("everything")).items():
        assert pod["nodeSelector"] == {"kubernetes.io/arch": "amd64"}, name
        assert pod["tolerations"][0]["key"] == "wire", name


def test_files_of_the_operator_are_in_every_pod_of_the_wire() -> None:
    for name, pod in pods(rendered("everything")).items():
        ours = [volume for volume in pod.get("volumes", []) if volume["name"] == "authority"]
        mounted = [mount["mountPath"] for mount in container(pod)["volumeMounts"] if mount["name"] == "authority"]
        assert (len(ours), mounted) == ((0, []) if name == "broker" else (1, ["/run/authority"])), name


# --- who reaches whom


def reached(scene: str, name: str) -> list[Manifest]:
    found: list[Manifest] = of_kind(rendered(scene), "NetworkPolicy")[name]["spec"]["egress"]
    return found


def ports(rules: list[Manifest]) -> set[int | None]:
    """The ports that rules allow; None for all."""
    return {port["port"] for rule in rules for port in rule.get("ports", [{"port": None}])}


def test_nobody_reaches_anything_but_by_a_rule_of_its_own() -> None:
    policies = of_kind(rendered("minimal"), "NetworkPolicy")
    everything = policies.pop("wire")["spec"]
    assert everything["policyTypes"] == ["Ingress", "Egress"]
    assert not everything.keys() & {"ingress", "egress"}
    labels = everything["podSelector"]["matchLabels"].items()
    assert set(policies) == set(pods(rendered("minimal")))
    for name, pod in of_kind(rendered("minimal"), "Deployment").items():
        given_labels = pod["spec"]["template"]["metadata"]["labels"].items()
        assert labels <= given_labels
        assert policies[name]["spec"]["podSelector"]["matchLabels"].items() <= given_labels


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("migrate", {53, 5432}), ("intake", {53, 5432, 6379}), ("translate", {53, 5432, 6379, None}),
        ("format", {53, 5432, 6379, None}), ("deliver", {53, 5432, 6379, None}), ("web", {53, 5432, 6379, None}),
        ("flower", {53, 6379}), ("broker", set()),
    ],
)  # fmt: skip
def test_each_process_reaches_what_it_needs(name: str, wanted: set[int | None]) -> None:
    assert ports(reached("minimal", name)) == wanted


@pytest.mark.parametrize("name", ["translate", "format", "deliver", "web"])
def test_the_way_out_leads_to_public_addresses_only(name: str) -> None:
    [out] = [rule for rule in reached("minimal", name) if "ports" not in rule]
    blocks = [peer["ipBlock"] for peer in out["to"]]
    for inside in ("10.1.2.3", "172.16.9.9", "192.168.0.1", "169.254.169.254", "100.64.0.1", "fd00::1", "fe80::1"):
        address = ipaddress.ip_address(inside)
        for block in blocks:
            within = address in ipaddress.ip_network(block["cidr"])
            assert not within or any(address in ipaddress.ip_network(one) for one in block["except"]), inside


def test_deliver_reaches_the_networks_that_it_may_deliver_to() -> None:
    def whole(name: str) -> set[str]:
        [out] = [rule for rule in reached("everything", name) if "ports" not in rule]
        return {peer["ipBlock"]["cidr"] for peer in out["to"] if "except" not in peer["ipBlock"]}

    assert whole("deliver") == {"10.7.0.0/16", "10.8.0.9/32", "10.1.2.3/32"}
    assert whole("translate") == {"10.1.2.3/32"}


def test_a_broker_and_a_ledger_elsewhere_are_where_the_values_say() -> None:
    assert {6380, 26379} <= ports(reached("autoscaling", "intake")), "sentinels, and whom they name"
    assert "broker" not in of_kind(rendered("autoscaling"), "NetworkPolicy")
    assert "StatefulSet" not in {one["kind"] for one in rendered("autoscaling")}
    [ledger] = [rule for rule in reached("everything", "web") if rule.get("ports", [{}])[0].get("port") == 5432]
    assert ledger["to"] == [{"podSelector": {"matchLabels": {"app": "postgres"}}}]


def test_only_ours_and_named_producers_reach_the_broker() -> None:
    def let_in(scene: str) -> list[Manifest]:
        [rule] = of_kind(rendered(scene), "NetworkPolicy")["broker"]["spec"]["ingress"]
        found: list[Manifest] = rule["from"]
        return found

    [ours] = let_in("minimal")
    allowed = set(ours["podSelector"]["matchExpressions"][0]["values"])
    assert allowed == {name for name in PROCESSES if 6379 in ports(reached("minimal", name))}
    assert {"namespaceSelector": {"matchLabels": {"team": "newsroom"}}} in let_in("everything")


def test_flower_is_reached_by_nobody_in_the_cluster() -> None:
    assert of_kind(rendered("minimal"), "NetworkPolicy")["flower"]["spec"]["ingress"] == []


# --- the way in, and what watches


def test_the_ingress_lets_everything_through_but_metrics_and_health() -> None:
    from workers.web.application import application

    [rule] = of_kind(rendered("everything"), "Ingress")["web"]["spec"]["rules"]
    let = {one["path"] for one in rule["http"]["paths"]}
    first = {"/" + route.path.split("/")[1] for route in application().routes}  # type: ignore[attr-defined]
    assert first - let == {"/metrics", "/health"}
    assert let <= first
    assert [one["path"] for one in rule["http"]["paths"] if one["pathType"] == "Exact"] == ["/"]
    data = of_kind(rendered("everything"), "ConfigMap")["settings"]["data"]
    assert data["FANWIRE_WEB_URL"] == "https://wire.example"


def test_the_ingress_may_be_a_path_of_a_host_that_has_others() -> None:
    manifests = rendered("everything", "--set", "ingress.path=/wire")
    [rule] = of_kind(manifests, "Ingress")["web"]["spec"]["rules"]
    let = {one["path"]: one["pathType"] for one in rule["http"]["paths"]}
    assert let["/wire/ops"] == "Prefix"
    assert let["/wire"] == let["/wire/"] == "Exact", "/wire/metrics is not let through"
    assert all(path.startswith("/wire") for path in let)
    assert of_kind(manifests, "ConfigMap")["settings"]["data"]["FANWIRE_WEB_URL"] == "https://wire.example/wire"


def test_the_web_server_goes_on_until_the_way_in_knows_that_it_ends() -> None:
    web = pods(rendered("minimal"))["web"]
    waits = int(container(web)["lifecycle"]["preStop"]["exec"]["command"][1])
    assert waits + 20 <= web["terminationGracePeriodSeconds"]


def test_prometheus_and_grafana_get_what_compose_gives_them() -> None:
    manifests = rendered("everything")
    monitor = of_kind(manifests, "ServiceMonitor")["web"]["spec"]
    labels = of_kind(manifests, "Service")["web"]["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert labels[monitor["jobLabel"]] == "fanwire", "alerts and dashboard say job=fanwire"
    assert monitor["endpoints"][0]["authorization"]["credentials"]["key"] == "FANWIRE_METRICS_TOKEN"
    observability = ROOT / "deploy" / "observability"
    rules = of_kind(manifests, "PrometheusRule")["wire"]["spec"]
    assert rules == yaml.safe_load((observability / "alerts.yml").read_text())
    board = of_kind(manifests, "ConfigMap")["dashboard"]["data"]["fanwire.json"]
    assert board == (observability / "grafana" / "fanwire.json").read_text()


# --- values that are wrong


@pytest.mark.parametrize("name", sorted(environment.SEEN_BY))
def test_a_secret_among_the_settings_is_refused(name: str) -> None:
    told = refusal("--set", f"settings.{name}=geheim")
    assert f"settings: {name} is a secret; put it into the Secret fanwire" in told
    assert "geheim" not in told


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("image.repositry=x", "additional properties 'repositry' not allowed"),
        ("deliver.autoscaling.by=memory", "must be one of 'none', 'cpu', 'oldestDue'"),
        ("web.autoscaling.by=oldestDue", "must be one of 'none', 'cpu'"),
        ("deliver.autoscaling.by=oldestDue", "keda.serverAddress: deliver.autoscaling.by is oldestDue"),
        ("ingress.enabled=true", "ingress.host: name the host"),
        ("ingress.host=https://wire.example", "/ingress/host"),
        ("terminationGracePeriodSeconds=40", "must be 15 or more above FANWIRE_DEADLINE: set 45"),
        ("settings.FANWIRE_MEDIA_BYTES=209715200", "/settings/FANWIRE_MEDIA_BYTES"),
        ("settings.DEADLINE=9", "DEADLINE"),
        ("secrets.wire=Not_A_Name", "/secrets/wire"),
    ],
)
def test_values_that_are_wrong_are_refused_with_their_place(option: str, told: str) -> None:
    assert told in refusal("--set", option)


def test_the_schema_knows_every_value() -> None:
    """So a value that is misspelt is refused wherever it stands."""

    def missing(values: Any, schema: dict[str, Any], place: str) -> list[str]:
        if not isinstance(values, dict) or schema.get("additionalProperties", True) is not False:
            return []
        known = schema.get("properties", {})
        lost = [f"{place}.{key}" for key in values.keys() - known.keys()]
        return lost + [
            one for key in values.keys() & known.keys() for one in missing(values[key], known[key], f"{place}.{key}")
        ]

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    assert schema["additionalProperties"] is False
    assert missing(values, schema, "") == []
