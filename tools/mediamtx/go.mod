// Pins MediaMTX for the demo and the tests. scripts/setup/mediamtx.mjs reads the version here and
// the sum in go.sum, and says why the module can't be built as a plain Go tool.
module videopush.dev/tools/mediamtx

go 1.26

require github.com/bluenviron/mediamtx v1.21.0
