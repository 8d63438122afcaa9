// Loads a library while what it writes to standard error is caught: TensorFlow greets on being loaded, before any
// setting of its log level counts. The text is handed back, so that nothing but the greeting need be dropped.
#include <dlfcn.h>
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

// All that was written to `file`.
std::string ReadAll(int file) {
  std::string text;
  char chunk[4096];
  lseek(file, 0, SEEK_SET);
  for (ssize_t count; (count = read(file, chunk, sizeof chunk)) > 0;) text.append(chunk, static_cast<size_t>(count));
  return text;
}

napi_value Throw(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

// (path: string) => string
napi_value LoadLibrary(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  char path[4096];
  size_t length;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok || count != 1 ||
      napi_get_value_string_utf8(env, argument, path, sizeof path, &length) != napi_ok) {
    return Throw(env, "loadLibrary takes a path");
  }
  fflush(stderr);
  const int original = dup(STDERR_FILENO);
  const int caught = memfd_create("stderr", MFD_CLOEXEC);
  if (original < 0 || caught < 0 || dup2(caught, STDERR_FILENO) < 0) return Throw(env, "standard error can't be caught");
  void* library = dlopen(path, RTLD_LAZY);
  const std::string failure = library == nullptr ? dlerror() : "";
  fflush(stderr);
  dup2(original, STDERR_FILENO);
  const std::string text = ReadAll(caught);
  close(original);
  close(caught);
  if (library == nullptr) return Throw(env, failure.c_str());
  napi_value result;
  napi_create_string_utf8(env, text.data(), text.size(), &result);
  return result;
}

napi_value Initialise(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "loadLibrary", NAPI_AUTO_LENGTH, LoadLibrary, nullptr, &function);
  napi_set_named_property(env, exports, "loadLibrary", function);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Initialise)
