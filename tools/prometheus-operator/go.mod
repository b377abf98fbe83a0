// Pins the definitions of ServiceMonitor, PodMonitor and PrometheusRule, against which tests hold what the chart renders.
// Nothing of it is built.
module videopush.dev/tools/prometheus-operator

go 1.24

require github.com/prometheus-operator/prometheus-operator v0.85.0
