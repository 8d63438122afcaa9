{
  'targets': [
    {
      'target_name': 'kernels',
      'sources': [
        'src/addon.cc',
        'src/elementwise.cc',
        'src/layer_norm.cc',
        'src/op.cc',
        'src/parallel.cc',
        'src/reductions.cc',
        'src/softmax.cc',
      ],
      'include_dirs': ['<(module_root_dir)/deps/include'],
      'defines': ['NAPI_VERSION=8', '_GNU_SOURCE'],
      # Sums may be taken in any order, which vector instructions need; what is not a number stays so.
      'cflags_cc': ['-std=c++17', '-O3', '-fno-math-errno', '-fno-trapping-math', '-fassociative-math', '-fno-signed-zeros'],
      'conditions': [['target_arch=="x64"', {'cflags_cc': ['-mprefer-vector-width=512']}]],
      'library_dirs': ['<(module_root_dir)/deps/lib'],
      'libraries': ['-Wl,-rpath,\\$$ORIGIN/../../deps/lib', '-ltensorflow', '-ltensorflow_framework', '-lpthread'],
    },
  ],
}
