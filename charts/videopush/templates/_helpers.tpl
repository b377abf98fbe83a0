{{- define "videopush.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 43 | trimSuffix "-" -}}
{{- end -}}

{{- define "videopush.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 43 | trimSuffix "-" -}}
{{- else if contains (include "videopush.name" .) .Release.Name -}}
{{- .Release.Name | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "videopush.name" .) | trunc 43 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "videopush.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- /* Call with (dict "root" $ "component" "operator"). Never changes in the life of a release. */ -}}
{{- define "videopush.selectorLabels" -}}
app.kubernetes.io/name: {{ include "videopush.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "videopush.labels" -}}
{{ include "videopush.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* `annotations:` with the common and the given ones (dict "root" $ "annotations" map), or nothing. */ -}}
{{- define "videopush.annotations" -}}
{{- $all := merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations -}}
{{- if $all -}}
annotations:
  {{- toYaml $all | nindent 2 }}
{{- end -}}
{{- end -}}

{{- /* (dict "image" map "tag" default) */ -}}
{{- define "videopush.image" -}}
{{- $tag := default .tag .image.tag | toString -}}
{{- with .image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- .image.repository }}{{ with $tag }}:{{ . }}{{ end }}{{ with .image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "videopush.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "videopush.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "videopush.keySecretName" -}}
{{- printf "%s-key" (include "videopush.fullname" .) -}}
{{- end -}}

{{- define "videopush.natsName" -}}
{{- printf "%s-nats" (include "videopush.fullname" .) -}}
{{- end -}}

{{- define "videopush.natsAddress" -}}
{{- if .Values.nats.enabled -}}
nats://{{ include "videopush.natsName" . }}.{{ include "videopush.namespace" . }}.svc.{{ .Values.clusterDomain }}:{{ .Values.nats.service.port }}
{{- else -}}
{{- .Values.nats.address -}}
{{- end -}}
{{- end -}}

{{- /* The document that the operator reads. */ -}}
{{- define "videopush.operatorConfig" -}}
{{- $config := dict
  "watchNamespaces" .Values.watchNamespaces
  "images" (dict
    "worker" (include "videopush.image" (dict "image" .Values.worker.image "tag" .Chart.AppVersion))
    "mediaMtx" (include "videopush.image" (dict "image" .Values.mediaServer.image "tag" "")))
  "imagePullPolicy" .Values.streams.imagePullPolicy
  "imagePullSecrets" (include "videopush.names" .Values.streams.imagePullSecrets | fromJsonArray)
  "clusterDomain" .Values.clusterDomain
  "keySecretName" (include "videopush.keySecretName" .)
  "leaderElection" (dict
    "enabled" .Values.leaderElection.enabled
    "leaseName" (include "videopush.fullname" .)
    "leaseDurationSeconds" (int .Values.leaderElection.leaseDurationSeconds)
    "renewDeadlineSeconds" (int .Values.leaderElection.renewDeadlineSeconds)
    "retryPeriodSeconds" (int .Values.leaderElection.retryPeriodSeconds))
  "pages" (dict "metricsPort" (int .Values.ports.metrics) "healthPort" (int .Values.ports.health))
  "logLevel" .Values.logLevel
  "workerLogLevel" .Values.worker.logLevel -}}
{{- with include "videopush.natsAddress" . }}{{ $_ := set $config "natsAddress" . }}{{ end -}}
{{- $config | toPrettyJson -}}
{{- end -}}

{{- /* [{name: a}] as ["a"], in JSON. */ -}}
{{- define "videopush.names" -}}
{{- $names := list -}}
{{- range . }}{{ $names = append $names .name }}{{ end -}}
{{- $names | toJson -}}
{{- end -}}

{{- /* Where `helm test` works: in the release's namespace, or in the first one that the operator watches. */ -}}
{{- define "videopush.testNamespace" -}}
{{- $own := include "videopush.namespace" . -}}
{{- if or (empty .Values.watchNamespaces) (has $own .Values.watchNamespaces) -}}
{{- $own -}}
{{- else -}}
{{- first .Values.watchNamespaces -}}
{{- end -}}
{{- end -}}
