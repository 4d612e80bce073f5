"""The rules of Pod Security `restricted`, as Kubernetes has them in its documentation, version 1.35.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Manifest = dict[str, Any]
VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}  # fmt: skip
PROFILES = ("RuntimeDefault", "Localhost")


def violations(pod: Manifest) -> list[str]:
    """What of a pod's specification `restricted` does not allow."""
    containers = [*pod.get("initContainers", []), *pod["containers"], *pod.get("ephemeralContainers", [])]
    of_containers = (fault for one in containers for fault in _of_container(one, pod.get("securityContext", {})))
    return [*_of_pod(pod), *of_containers]


def _of_pod(pod: Manifest) -> Iterator[str]:
    context = pod.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield field
    for volume in pod.get("volumes", []):
        if not (volume.keys() - {"name"}) <= VOLUMES:
            yield f"volume {volume['name']}"
    for sysctl in context.get("sysctls", []):
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    yield from _of_context("pod", context)


def _of_container(container: Manifest, of_pod: Manifest) -> Iterator[str]:
    name, context = container["name"], container.get("securityContext", {})
    yield from _of_context(name, context)
    if context.get("privileged"):
        yield f"{name}: privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation"
    if "ALL" not in context.get("capabilities", {}).get("drop", []):
        yield f"{name}: capabilities.drop"
    if not set(context.get("capabilities", {}).get("add", [])) <= {"NET_BIND_SERVICE"}:
        yield f"{name}: capabilities.add"
    if context.get("procMount", "Default") != "Default":
        yield f"{name}: procMount"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield f"{name}: hostPort"
    if context.get("runAsNonRoot", of_pod.get("runAsNonRoot")) is not True:
        yield f"{name}: runAsNonRoot"
    if "type" not in (context.get("seccompProfile") or of_pod.get("seccompProfile") or {}):
        yield f"{name}: seccompProfile"


def _of_context(name: str, context: Manifest) -> Iterator[str]:
    """What holds for the security context of a pod and of a container alike."""
    if context.get("runAsUser") == 0:
        yield f"{name}: runAsUser"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") not in PROFILES:
        yield f"{name}: seccompProfile"
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in PROFILES:
        yield f"{name}: appArmorProfile"
    if context.get("seLinuxOptions", {}).keys() & {"user", "role"}:
        yield f"{name}: seLinuxOptions"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield f"{name}: hostProcess"
