{{/* Names, labels and what the pods have in common. */}}

{{- define "hemline.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Call with (list $ "component"). */}}
{{- define "hemline.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "hemline.labels" -}}
{{ include "hemline.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end -}}

{{- define "hemline.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{- define "hemline.secretName" -}}
{{- .Values.existingSecret | default (include "hemline.name" .) -}}
{{- end -}}

{{- define "hemline.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "hemline.name" .) -}}
{{- end -}}

{{- define "hemline.secretKeys" -}}
DATABASE_URL REDIS_URL LABEL_STUDIO_API_KEY HEMLINE_WEBHOOK_SECRET HEMLINE_SECRET_KEY BASIC_AUTH_USER BASIC_AUTH_PASS
{{- end -}}

{{/* What values.schema.json cannot say: one sentence each. */}}
{{- define "hemline.check" -}}
{{- if and .Values.artifacts.url .Values.artifacts.existingClaim -}}
{{- fail "artifacts.url and artifacts.existingClaim are both set; keep one of them" -}}
{{- end -}}
{{- if not (or .Values.artifacts.url .Values.artifacts.existingClaim) -}}
{{- fail "pods share no disk: set artifacts.url to a bucket such as s3://bucket/hemline, or artifacts.existingClaim to a ReadWriteMany claim" -}}
{{- end -}}
{{- if not .Values.labelStudio.url -}}
{{- fail "labelStudio.url is empty; set it to the address at which the pods reach Label Studio, such as http://label-studio.label-studio.svc:8080" -}}
{{- end -}}
{{- if and .Values.existingSecret .Values.secrets -}}
{{- fail "existingSecret and secrets are both set; keep one of them" -}}
{{- end -}}
{{- if hasKey .Values.settings "OTEL_EXPORTER_OTLP_HEADERS" -}}
{{- fail "settings.OTEL_EXPORTER_OTLP_HEADERS would be readable by everybody who may see a pod; put it into a Secret that extraEnvFrom names" -}}
{{- end -}}
{{- range splitList " " (include "hemline.secretKeys" .) -}}
{{- if hasKey $.Values.settings . -}}
{{- fail (printf "settings.%s would be readable by everybody who may see a pod; put it into the Secret that existingSecret names" .) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.existingSecret -}}
{{- range splitList " " (include "hemline.secretKeys" .) -}}
{{- if not (index $.Values.secrets .) -}}
{{- fail (printf "no secret %s: make a Secret that has it and name it in existingSecret, or set secrets.%s" . .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.backend.ingress.enabled (not .Values.backend.ingress.host) -}}
{{- fail "backend.ingress.enabled is true and backend.ingress.host is empty; set it to the host name of the dashboard" -}}
{{- end -}}
{{- if gt (int .Values.backend.autoscaling.minReplicas) (int .Values.backend.autoscaling.maxReplicas) -}}
{{- fail (printf "backend.autoscaling.minReplicas %d is more than maxReplicas %d; make it less" (int .Values.backend.autoscaling.minReplicas) (int .Values.backend.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- end -}}

{{/* Secrets are files, so that they are in no environment that a crash report could show. */}}
{{- define "hemline.secretEnv" -}}
{{- range splitList " " (include "hemline.secretKeys" .) }}
- name: {{ . }}_FILE
  value: /run/secrets/hemline/{{ . }}
{{- end }}
{{- end -}}

{{/* Call with (list $ onGpu). */}}
{{- define "hemline.env" -}}
{{- $root := index . 0 -}}
{{- include "hemline.secretEnv" $root }}
- name: LABEL_STUDIO_URL
  value: {{ $root.Values.labelStudio.url | quote }}
- name: HEMLINE_LABEL_STUDIO_PUBLIC_URL
  value: {{ $root.Values.labelStudio.publicUrl | quote }}
- name: HEMLINE_IMAGE_HOSTS
  value: {{ join "," $root.Values.labelStudio.imageHosts | quote }}
- name: HEMLINE_ARTIFACT_URL
  value: {{ $root.Values.artifacts.url | default "/artifacts" | quote }}
- name: HEMLINE_ARTIFACT_CACHE_BYTES
  value: {{ $root.Values.artifacts.cacheBytes | int64 | quote }}
- name: HEMLINE_BACKEND_URL
  value: {{ $root.Values.backend.url | default (printf "http://%s-backend.%s.svc:%d" (include "hemline.name" $root) $root.Release.Namespace (int $root.Values.backend.service.port)) | quote }}
- name: DEVICE
  value: {{ ternary "cuda" "cpu" (index . 1) }}
{{- range $name, $value := $root.Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "hemline.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "hemline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "hemline.mounts" -}}
- name: home
  mountPath: /var/lib/hemline
- name: tmp
  mountPath: /tmp
- name: shared-memory
  mountPath: /dev/shm
- name: secrets
  mountPath: /run/secrets/hemline
  readOnly: true
{{- if .Values.artifacts.existingClaim }}
- name: artifacts
  mountPath: /artifacts
{{- end }}
{{- end -}}

{{- define "hemline.volumes" -}}
- name: home
  emptyDir:
    sizeLimit: {{ .Values.homeSize }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSize }}
- name: shared-memory
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.sharedMemorySize }}
- name: secrets
  secret:
    secretName: {{ include "hemline.secretName" . }}
    defaultMode: 0440
{{- if .Values.artifacts.existingClaim }}
- name: artifacts
  persistentVolumeClaim:
    claimName: {{ .Values.artifacts.existingClaim }}
{{- end }}
{{- end -}}

{{/* The pod of a component. Call with a dict: root, component, values, args, gpu, and probes, ports
     and preStop as YAML. */}}
{{- define "hemline.pod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "hemline.labels" (list $root .component) | nindent 4 }}
    {{- with $root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if or $root.Values.podAnnotations (not $root.Values.existingSecret) }}
  annotations:
    {{- if not $root.Values.existingSecret }}
    checksum/secrets: {{ $root.Values.secrets | toJson | sha256sum }}
    {{- end }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
spec:
  serviceAccountName: {{ include "hemline.serviceAccountName" $root }}
  automountServiceAccountToken: false  # it calls nothing of Kubernetes
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "hemline.podSecurity" $root | nindent 4 }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- if and .gpu $root.Values.gpu.runtimeClassName }}
  runtimeClassName: {{ $root.Values.gpu.runtimeClassName }}
  {{- end }}
  {{- with merge (dict) .values.nodeSelector (ternary $root.Values.gpu.nodeSelector (dict) .gpu) }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat .values.tolerations (ternary $root.Values.gpu.tolerations (list) .gpu) }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "hemline.selector" (list $root .component) | nindent 10 }}
  containers:
    - name: {{ .component }}
      image: {{ include "hemline.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: {{ toJson .args }}
      securityContext:
        {{- include "hemline.containerSecurity" $root | nindent 8 }}
      env:
        {{- include "hemline.env" (list $root .gpu) | nindent 8 }}
        {{- with .env }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- with $root.Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .more }}
      {{- . | nindent 6 }}
      {{- end }}
      resources:
        {{- $limits := .values.resources.limits | default (dict) }}
        {{- $requests := .values.resources.requests | default (dict) }}
        {{- if .gpu }}
        {{- $limits = merge (dict $root.Values.gpu.resourceName (int $root.Values.gpu.count)) $limits }}
        {{- end }}
        requests:
          {{- toYaml $requests | nindent 10 }}
        limits:
          {{- toYaml $limits | nindent 10 }}
      volumeMounts:
        {{- include "hemline.mounts" $root | nindent 8 }}
  volumes:
    {{- include "hemline.volumes" $root | nindent 4 }}
{{- end -}}
