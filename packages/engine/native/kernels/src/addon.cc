// Registers the operations with the TensorFlow of this process, once: loading the addon is all.
#include <node_api.h>

#include "elementwise.h"
#include "layer_norm.h"
#include "reductions.h"
#include "softmax.h"

namespace {

napi_value Initialise(napi_env, napi_value exports) {
  static const bool registered = [] {
    RegisterElementwise();
    RegisterLayerNorm();
    RegisterReductions();
    RegisterSoftmax();
    return true;
  }();
  (void)registered;
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Initialise)
