{
  'targets': [
    {
      'target_name': 'quiet',
      'sources': ['native/quiet.cc'],
      'defines': ['NAPI_VERSION=8', '_GNU_SOURCE'],
      'libraries': ['-ldl'],
    },
  ],
}
