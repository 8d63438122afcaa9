{
  'variables': {
    # Overridden where the build runs in a folder without node_modules.
    'node_addon_api_dir%': '<!(node -p "require(\'node-addon-api\').include_dir")',
  },
  'targets': [
    {
      'target_name': 'session',
      'sources': ['native/session.cc'],
      'include_dirs': ['<(module_root_dir)/deps/include', '<(node_addon_api_dir)'],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS'],
      'cflags_cc': ['-std=c++17', '-fexceptions', '-O2'],
      'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
      'library_dirs': ['<(module_root_dir)/deps/lib'],
      'libraries': ['-Wl,-rpath,\\$$ORIGIN/../../deps/lib', '-ltensorflow', '-ltensorflow_framework'],
    },
  ],
}
