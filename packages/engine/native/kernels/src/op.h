#pragma once
// TensorFlow operations of our own through its C interface: registered when the addon is loaded, run on processors.
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

struct TensorDeleter {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using Shape = std::vector<int64_t>;

int64_t SizeOf(const Shape& shape);

// An operation's attributes, read when its kernel is made; one that it lacks keeps its value here.
struct Attributes {
  float rate = 0;
  float scale = 1;
  float epsilon = 0;
  bool quick = false;
};

// One run of a kernel. Once something has failed `ok()` is false, and TensorFlow has been told.
class Run {
 public:
  explicit Run(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Run() { TF_DeleteStatus(status_); }

  bool ok() const { return TF_GetCode(status_) == TF_OK; }
  void Fail(const char* message);

  Shape ShapeOf(int input);
  const float* Floats(int input) { return static_cast<const float*>(Data(input)); }
  const int32_t* Integers(int input) { return static_cast<const int32_t*>(Data(input)); }
  const bool* Booleans(int input) { return static_cast<const bool*>(Data(input)); }
  float* Allocate(int output, const Shape& shape);
  // An output of the input's shape, in the input's own memory where nobody else needs that; to be called before the
  // input's values are asked for.
  float* Replace(int input, int output);

 private:
  const void* Data(int input);
  float* Hold(TF_Tensor* tensor);

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<std::unique_ptr<TF_Tensor, TensorDeleter>> held_;
};

using Body = void (*)(Run& run, const Attributes& attributes);

void* ReadAttributes(TF_OpKernelConstruction* construction);
void DeleteAttributes(void* attributes);
// In place of an input's number: no axes.
constexpr int scalar = -1;
// Output number `output` has the shape of input number `input`, or is a scalar.
void CopyShape(TF_ShapeInferenceContext* context, int input, int output, TF_Status* status);

struct Signature {
  const char* name;
  std::initializer_list<const char*> inputs, outputs, attributes;
};

void RegisterOperation(const Signature& signature, void (*compute)(void*, TF_OpKernelContext*),
                       void (*shapes)(TF_ShapeInferenceContext*, TF_Status*));

// Registers an operation that `body` computes, whose outputs have the shapes of these inputs.
template <Body body, int... shapedAs>
void Register(const Signature& signature) {
  RegisterOperation(
      signature,
      [](void* attributes, TF_OpKernelContext* context) {
        Run run(context);
        body(run, *static_cast<const Attributes*>(attributes));
      },
      [](TF_ShapeInferenceContext* context, TF_Status* status) {
        int output = 0;
        for (int input : {shapedAs...}) CopyShape(context, input, output++, status);
      });
}
