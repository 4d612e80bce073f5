{{/* Which keys of the Secret of the wire a process sees (workers/environment.py has the reasons); those with ? may be missing.
     `KEY=NAME` is seen as the variable NAME. */}}
{{- define "fanwire.sees" -}}
migrate: [FANWIRE_LEDGER_URL]
intake: &worker [FANWIRE_BROKER_URL, FANWIRE_LEDGER_URL, FANWIRE_SEAL_KEY, "FANWIRE_SHARED_STATE_URL?", "FANWIRE_NOTICE_URL?"]
translate: *worker
format: [FANWIRE_BROKER_URL, FANWIRE_LEDGER_URL, FANWIRE_SEAL_KEY, "FANWIRE_SHARED_STATE_URL?", "FANWIRE_NOTICE_URL?", FANWIRE_WEB_KEY, "FANWIRE_MEDIA_SECRET?", "FANWIRE_BOUNCES_URL?"]
deliver: [FANWIRE_BROKER_URL, FANWIRE_LEDGER_URL, FANWIRE_SEAL_KEY, "FANWIRE_SHARED_STATE_URL?", "FANWIRE_NOTICE_URL?", FANWIRE_WEB_KEY, "FANWIRE_MEDIA_SECRET?", "FANWIRE_SMTP_URL?"]
web: ["FANWIRE_WEB_BROKER_URL=FANWIRE_BROKER_URL", "FANWIRE_SHARED_STATE_URL?", FANWIRE_LEDGER_URL, FANWIRE_SEAL_KEY, FANWIRE_WEB_KEY, FANWIRE_METRICS_TOKEN, "FANWIRE_MEDIA_SECRET?"]
flower: ["FANWIRE_FLOWER_BROKER_URL=FANWIRE_BROKER_URL", FANWIRE_FLOWER_PASSWORD]
{{- end }}

{{/* The Secret of which a process sees everything: what others have given us. */}}
{{- define "fanwire.wholeSecret" -}}
{{- get (dict "intake" .Values.secrets.producers "translate" .Values.secrets.engines "format" .Values.secrets.webhooks "deliver" .Values.secrets.outlets) .process }}
{{- end }}

{{- define "fanwire.environment" -}}
{{- range get (include "fanwire.sees" . | fromYaml) .process }}
{{- $optional := hasSuffix "?" . }}
{{- $parts := splitList "=" (trimSuffix "?" .) }}
- name: {{ last $parts }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.secrets.wire }}, key: {{ first $parts }}{{ if $optional }}, optional: true{{ end }}}}
{{- end }}
{{- end }}

{{/* All settings that are no secret, as a map. */}}
{{- define "fanwire.settings" -}}
{{- $own := dict "FANWIRE_HOME" "/tmp/fanwire" "FANWIRE_SECRETS_FOLDER" "/run/outlets" "FANWIRE_USERS_FILE" "/run/users/users" }}
{{- if .Values.media.existingClaim }}
{{- $_ := set $own "FANWIRE_MEDIA_URL" "file:///media" }}
{{- $_ := set $own "FANWIRE_ARCHIVE_URL" "file:///media/archive" }}
{{- end }}
{{- if .Values.ingress.enabled }}
{{- $_ := set $own "FANWIRE_WEB_URL" (printf "%s://%s%s" (ternary "https" "http" (not (empty .Values.ingress.tlsSecret))) .Values.ingress.host .Values.ingress.path) }}
{{- end }}
{{- toYaml (merge (dict) .Values.settings $own) }}
{{- end }}

{{- define "fanwire.labels" -}}
app.kubernetes.io/name: fanwire
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fanwire.image" -}}
{{- with .Values.image }}
{{- .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* What Pod Security `restricted` asks of a pod, and of a container. */}}
{{- define "fanwire.podSecurity" -}}
automountServiceAccountToken: false
serviceAccountName: {{ .Release.Name }}
# Kubernetes gives a pod variables for each service else, and one of them could be FLOWER_PORT.
enableServiceLinks: false
securityContext: {runAsNonRoot: true, runAsUser: {{ .user }}, runAsGroup: {{ .user }}, fsGroup: {{ .user }}, fsGroupChangePolicy: OnRootMismatch, seccompProfile: {type: RuntimeDefault}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
{{- define "fanwire.containerSecurity" -}}
{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, capabilities: {drop: [ALL]}}
{{- end }}

{{/* Seconds that a worker gets to finish what is in flight. */}}
{{- define "fanwire.grace" -}}
{{- $least := add (ceil (toString (get .Values.settings "FANWIRE_DEADLINE" | default 30) | float64)) 15 }}
{{- $grace := .Values.terminationGracePeriodSeconds | default (add $least 15) | int }}
{{- if lt $grace (int $least) }}
{{- fail (printf "terminationGracePeriodSeconds (%d) must be 15 or more above FANWIRE_DEADLINE: set %d, or leave it out" $grace $least) }}
{{- end }}
{{- $grace }}
{{- end }}

{{/* Where pods go. */}}
{{- define "fanwire.placement" -}}
{{- range $field := tuple "nodeSelector" "tolerations" "affinity" }}
{{- with get $.Values $field }}
{{ $field }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fanwire.scaledBy" -}}
{{- dig "autoscaling" "by" "none" (get .Values .process) }}
{{- end }}

{{/* The pods of a chart's process, in a selector. */}}
{{- define "fanwire.selector" -}}
{matchLabels: {app.kubernetes.io/name: fanwire, app.kubernetes.io/instance: {{ .Release.Name }}, app.kubernetes.io/component: {{ .process }}}}
{{- end }}
