#include "op.h"

int64_t SizeOf(const Shape& shape) {
  int64_t size = 1;
  for (int64_t extent : shape) size *= extent;
  return size;
}

void Run::Fail(const char* message) {
  TF_SetStatus(status_, TF_INVALID_ARGUMENT, message);
  TF_OpKernelContext_Failure(context_, status_);
}

Shape Run::ShapeOf(int input) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context_, input, &tensor, status_);
  std::unique_ptr<TF_Tensor, TensorDeleter> held(tensor);
  Shape shape;
  if (ok()) {
    for (int axis = 0; axis < TF_NumDims(tensor); axis++) shape.push_back(TF_Dim(tensor, axis));
  }
  return shape;
}

const void* Run::Data(int input) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context_, input, &tensor, status_);
  return Hold(tensor);
}

float* Run::Allocate(int output, const Shape& shape) {
  return Hold(TF_AllocateOutput(context_, output, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                SizeOf(shape) * sizeof(float), status_));
}

float* Run::Replace(int input, int output) {
  const Shape shape = ShapeOf(input);
  return Hold(TF_ForwardInputOrAllocateOutput(context_, &input, 1, output, shape.data(),
                                              static_cast<int>(shape.size()), nullptr, status_));
}

float* Run::Hold(TF_Tensor* tensor) {
  held_.emplace_back(tensor);
  if (ok()) return static_cast<float*>(TF_TensorData(tensor));
  TF_OpKernelContext_Failure(context_, status_);
  return nullptr;
}

void* ReadAttributes(TF_OpKernelConstruction* construction) {
  auto* attributes = new Attributes();
  TF_Status* status = TF_NewStatus();
  const auto has = [&](const char* name) { return TF_OpKernelConstruction_HasAttr(construction, name, status); };
  const auto number = [&](const char* name, float* value) {
    if (has(name)) TF_OpKernelConstruction_GetAttrFloat(construction, name, value, status);
  };
  number("rate", &attributes->rate);
  number("scale", &attributes->scale);
  number("epsilon", &attributes->epsilon);
  if (has("quick")) {
    unsigned char quick = 0;
    TF_OpKernelConstruction_GetAttrBool(construction, "quick", &quick, status);
    attributes->quick = quick != 0;
  }
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return attributes;
}

void DeleteAttributes(void* attributes) { delete static_cast<Attributes*>(attributes); }

void CopyShape(TF_ShapeInferenceContext* context, int input, int output, TF_Status* status) {
  TF_ShapeHandle* shape = input == scalar ? TF_ShapeInferenceContextScalar(context) : TF_NewShapeHandle();
  if (input != scalar) TF_ShapeInferenceContextGetInput(context, input, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, output, shape, status);
  TF_DeleteShapeHandle(shape);
}

void RegisterOperation(const Signature& signature, void (*compute)(void*, TF_OpKernelContext*),
                       void (*shapes)(TF_ShapeInferenceContext*, TF_Status*)) {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(signature.name);
  for (const char* input : signature.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : signature.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  for (const char* attribute : signature.attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, shapes);
  TF_Status* status = TF_NewStatus();
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(signature.name,
                             TF_NewKernelBuilder(signature.name, "CPU", ReadAttributes, compute, DeleteAttributes),
                             status);
  }
  TF_DeleteStatus(status);
}
