{
  "variables": {
    # FFmpeg's libraries and libcurl, as the system has them.
    "packages": "libavformat libavcodec libavutil libswscale libavfilter libcurl",
    "supervisor%": "<!(ls src/supervisor/*.cc >/dev/null 2>&1 && echo 1 || echo 0)"
  },
  "target_defaults": {
    "cflags!": ["-fno-exceptions"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-fexceptions", "-Wall", "-Wextra", "-fvisibility=hidden", "-fvisibility-inlines-hidden"],
    "include_dirs": ["src"],
    "default_configuration": "Release"
  },
  "targets": [
    {
      "target_name": "videopush_native",
      "sources": ["<!@(find src -name '*.cc' -not -path 'src/supervisor/*' | sort)"],
      "defines": ["NAPI_VERSION=9", "NAPI_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      # node-addon-api's own headers are not ours to warn about.
      "cflags_cc": ["-isystem <!(node -p \"require('node:path').dirname(require.resolve('node-addon-api'))\")", "<!@(pkg-config --cflags <(packages))"],
      "libraries": ["<!@(pkg-config --libs <(packages))"],
      "ldflags": ["-pthread"]
    }
  ],
  "conditions": [
    [
      "supervisor==1",
      {
        "targets": [
          {
            "target_name": "videopush-supervisor",
            "type": "executable",
            "sources": ["<!@(ls src/supervisor/*.cc)"]
          }
        ]
      }
    ]
  ]
}
