// A TensorFlow graph and the session that runs it, for Node: just what the recorder needs, over TensorFlow's C API.
// Operations are numbered in the order in which they are added; an output is (operation, index).
#include <napi.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace {

struct StatusDeleter { void operator()(TF_Status* status) const { TF_DeleteStatus(status); } };
struct BufferDeleter { void operator()(TF_Buffer* buffer) const { TF_DeleteBuffer(buffer); } };
struct TensorDeleter { void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); } };
using Status = std::unique_ptr<TF_Status, StatusDeleter>;
using Buffer = std::unique_ptr<TF_Buffer, BufferDeleter>;
using Tensor = std::unique_ptr<TF_Tensor, TensorDeleter>;

Status NewStatus() { return Status(TF_NewStatus()); }

void Check(const Status& status) {
  if (TF_GetCode(status.get()) != TF_OK) throw std::runtime_error(TF_Message(status.get()));
}

std::vector<int64_t> ReadShape(const Napi::Value& value) {
  Napi::Array array = value.As<Napi::Array>();
  std::vector<int64_t> shape(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) shape[i] = array.Get(i).ToNumber().Int64Value();
  return shape;
}

Napi::Array WriteShape(Napi::Env env, const std::vector<int64_t>& shape) {
  Napi::Array array = Napi::Array::New(env, shape.size());
  for (size_t i = 0; i < shape.size(); i++) array.Set(i, Napi::Number::New(env, static_cast<double>(shape[i])));
  return array;
}

// A copy: the caller may change its array while the graph runs.
Tensor ReadTensor(int dtype, const std::vector<int64_t>& shape, const Napi::TypedArray& data) {
  Tensor tensor(TF_AllocateTensor(static_cast<TF_DataType>(dtype), shape.data(), static_cast<int>(shape.size()),
                                  data.ByteLength()));
  if (!tensor) throw std::runtime_error("out of memory for a tensor");
  if (data.ByteLength() > 0) {
    std::memcpy(TF_TensorData(tensor.get()),
                static_cast<const char*>(data.ArrayBuffer().Data()) + data.ByteOffset(), data.ByteLength());
  }
  return tensor;
}

Napi::Value WriteData(Napi::Env env, const TF_Tensor* tensor) {
  const size_t bytes = TF_TensorByteSize(tensor);
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes);
  if (bytes > 0) std::memcpy(buffer.Data(), TF_TensorData(tensor), bytes);
  switch (TF_TensorType(tensor)) {
    case TF_FLOAT: return Napi::Float32Array::New(env, bytes / 4, buffer, 0);
    case TF_INT32: return Napi::Int32Array::New(env, bytes / 4, buffer, 0);
    case TF_BOOL: return Napi::Uint8Array::New(env, bytes, buffer, 0);
    default: throw std::runtime_error("only float32, int32 and bool tensors can be fetched");
  }
}

Napi::Value WriteBytes(Napi::Env env, const TF_Buffer* buffer) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, buffer->length);
  if (buffer->length > 0) std::memcpy(bytes.Data(), buffer->data, buffer->length);
  return bytes;
}

void SetAttribute(TF_OperationDescription* description, const std::string& name, int type, const Napi::Value& value) {
  const bool list = value.IsArray() && type != TF_ATTR_SHAPE;
  if (list) {
    Napi::Array array = value.As<Napi::Array>();
    const int length = static_cast<int>(array.Length());
    std::vector<int64_t> integers(length);
    std::vector<float> floats(length);
    std::vector<TF_DataType> types(length);
    for (int i = 0; i < length; i++) {
      Napi::Number number = array.Get(i).ToNumber();
      integers[i] = number.Int64Value();
      floats[i] = number.FloatValue();
      types[i] = static_cast<TF_DataType>(number.Int32Value());
    }
    if (type == TF_ATTR_INT) return TF_SetAttrIntList(description, name.c_str(), integers.data(), length);
    if (type == TF_ATTR_FLOAT) return TF_SetAttrFloatList(description, name.c_str(), floats.data(), length);
    if (type == TF_ATTR_TYPE) return TF_SetAttrTypeList(description, name.c_str(), types.data(), length);
    throw std::runtime_error("attribute '" + name + "': no list of this type");
  }
  switch (type) {
    case TF_ATTR_STRING: {
      const std::string text = value.ToString();
      return TF_SetAttrString(description, name.c_str(), text.data(), text.size());
    }
    case TF_ATTR_INT: return TF_SetAttrInt(description, name.c_str(), value.ToNumber().Int64Value());
    case TF_ATTR_FLOAT: return TF_SetAttrFloat(description, name.c_str(), value.ToNumber().FloatValue());
    case TF_ATTR_BOOL: return TF_SetAttrBool(description, name.c_str(), value.ToBoolean().Value());
    case TF_ATTR_TYPE:
      return TF_SetAttrType(description, name.c_str(), static_cast<TF_DataType>(value.ToNumber().Int32Value()));
    case TF_ATTR_SHAPE: {
      const std::vector<int64_t> shape = ReadShape(value);
      return TF_SetAttrShape(description, name.c_str(), shape.data(), static_cast<int>(shape.size()));
    }
    default: throw std::runtime_error("attribute '" + name + "': unknown type " + std::to_string(type));
  }
}

// What a run works on; it outlives the JavaScript object that started it.
struct Core {
  TF_Graph* graph = TF_NewGraph();
  TF_Session* session = nullptr;
  std::vector<TF_Operation*> operations;

  ~Core() {
    Status status = NewStatus();
    if (session) {
      TF_CloseSession(session, status.get());
      TF_DeleteSession(session, status.get());
    }
    TF_DeleteGraph(graph);
  }

  TF_Output Output(int operation, int index) const { return {operations.at(operation), index}; }
};

class RunWorker : public Napi::AsyncWorker {
 public:
  RunWorker(Napi::Env env, std::shared_ptr<Core> core)
      : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), core_(std::move(core)) {}

  std::vector<TF_Output> feeds, fetches;
  std::vector<Tensor> inputs;
  std::vector<const TF_Operation*> targets;
  bool trace = false;
  Napi::Promise::Deferred deferred;

  void Execute() override {
    // A serialized RunOptions: trace_level (field 1) is SOFTWARE_TRACE (1), what the executor itself can tell.
    const char options[] = {0x08, 0x01};
    const Buffer request(trace ? TF_NewBufferFromString(options, 2) : nullptr);
    if (trace) metadata_.reset(TF_NewBuffer());
    std::vector<TF_Tensor*> values;
    for (const Tensor& input : inputs) values.push_back(input.get());
    std::vector<TF_Tensor*> results(fetches.size(), nullptr);
    Status status = NewStatus();
    TF_SessionRun(core_->session, request.get(), feeds.data(), values.data(), static_cast<int>(feeds.size()), fetches.data(),
                  results.data(), static_cast<int>(fetches.size()), targets.data(), static_cast<int>(targets.size()),
                  metadata_.get(), status.get());
    for (TF_Tensor* result : results) outputs_.emplace_back(result);
    inputs.clear();
    if (TF_GetCode(status.get()) != TF_OK) SetError(TF_Message(status.get()));
  }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    if (trace) {
      deferred.Resolve(WriteBytes(Env(), metadata_.get()));
      return;
    }
    Napi::Array results = Napi::Array::New(Env(), outputs_.size());
    try {
      for (size_t i = 0; i < outputs_.size(); i++) results.Set(i, WriteData(Env(), outputs_[i].get()));
    } catch (const std::exception& error) {
      deferred.Reject(Napi::Error::New(Env(), error.what()).Value());
      return;
    }
    deferred.Resolve(results);
  }

  void OnError(const Napi::Error& error) override { deferred.Reject(error.Value()); }

 private:
  std::shared_ptr<Core> core_;
  std::vector<Tensor> outputs_;
  Buffer metadata_;
};

// Turns a C++ exception into a JavaScript one.
template <typename Body>
Napi::Value Guarded(const Napi::CallbackInfo& info, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

class GraphSession : public Napi::ObjectWrap<GraphSession> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "GraphSession",
                       {InstanceMethod<&GraphSession::OpDef>("opDef"),
                        InstanceMethod<&GraphSession::AddConstant>("addConstant"),
                        InstanceMethod<&GraphSession::AddOperation>("addOperation"),
                        InstanceMethod<&GraphSession::Run>("run"),
                        InstanceMethod<&GraphSession::Trace>("trace"),
                        InstanceMethod<&GraphSession::GraphDef>("graphDef"),
                        InstanceMethod<&GraphSession::Close>("close")});
  }

  // (config: Uint8Array, a serialized ConfigProto; target: string)
  explicit GraphSession(const Napi::CallbackInfo& info) : Napi::ObjectWrap<GraphSession>(info) {
    Guarded(info, [&] {
      core_ = std::make_shared<Core>();
      Napi::Uint8Array config = info[0].As<Napi::Uint8Array>();
      const std::string target = info[1].ToString();
      Status status = NewStatus();
      std::unique_ptr<TF_SessionOptions, void (*)(TF_SessionOptions*)> options(TF_NewSessionOptions(),
                                                                               TF_DeleteSessionOptions);
      TF_SetConfig(options.get(), config.Data(), config.ByteLength(), status.get());
      Check(status);
      TF_SetTarget(options.get(), target.c_str());
      core_->session = TF_NewSession(core_->graph, options.get(), status.get());
      Check(status);
      return info.Env().Undefined();
    });
  }

 private:
  std::shared_ptr<Core> core_;

  Core& Open() {
    if (!core_) throw std::runtime_error("the session is closed");
    return *core_;
  }

  // (type: string): Uint8Array, the operation's serialized OpDef. Throws if TensorFlow has no such operation.
  Napi::Value OpDef(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      const std::string type = info[0].ToString();
      Status status = NewStatus();
      Buffer buffer(TF_NewBuffer());
      TF_GraphGetOpDef(Open().graph, type.c_str(), buffer.get(), status.get());
      Check(status);
      return WriteBytes(info.Env(), buffer.get());
    });
  }

  // (): Uint8Array, the whole graph as a serialized GraphDef.
  Napi::Value GraphDef(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      Status status = NewStatus();
      Buffer buffer(TF_NewBuffer());
      TF_GraphToGraphDef(Open().graph, buffer.get(), status.get());
      Check(status);
      return WriteBytes(info.Env(), buffer.get());
    });
  }

  // (name, dtype, shape, data: TypedArray): the operation's number and outputs.
  Napi::Value AddConstant(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      const std::string name = info[0].ToString();
      const int dtype = info[1].ToNumber().Int32Value();
      Tensor value = ReadTensor(dtype, ReadShape(info[2]), info[3].As<Napi::TypedArray>());
      TF_OperationDescription* description = TF_NewOperation(Open().graph, "Const", name.c_str());
      Status status = NewStatus();
      TF_SetAttrTensor(description, "value", value.get(), status.get());
      TF_SetAttrType(description, "dtype", static_cast<TF_DataType>(dtype));
      return Finish(info.Env(), description);
    });
  }

  // (type, name, inputs: [operation, index][][], one list an argument, `null` around none; lists: boolean[],
  //  controls: number[], attributes: [name, type, value][]): the operation's number and outputs.
  Napi::Value AddOperation(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      Core& core = Open();
      const std::string type = info[0].ToString(), name = info[1].ToString();
      Napi::Array inputs = info[2].As<Napi::Array>(), lists = info[3].As<Napi::Array>();
      Napi::Array controls = info[4].As<Napi::Array>(), attributes = info[5].As<Napi::Array>();
      std::vector<std::vector<TF_Output>> arguments(inputs.Length());
      for (uint32_t i = 0; i < inputs.Length(); i++) {
        Napi::Array list = inputs.Get(i).As<Napi::Array>();
        for (uint32_t j = 0; j < list.Length(); j++) {
          Napi::Array output = list.Get(j).As<Napi::Array>();
          arguments[i].push_back(
              core.Output(output.Get(0u).ToNumber().Int32Value(), output.Get(1u).ToNumber().Int32Value()));
        }
      }
      std::vector<TF_Operation*> before(controls.Length());
      for (uint32_t i = 0; i < controls.Length(); i++) {
        before[i] = core.operations.at(controls.Get(i).ToNumber().Int32Value());
      }
      // From here on the description must be finished, whatever happens: it has no other destructor.
      TF_OperationDescription* description = TF_NewOperation(core.graph, type.c_str(), name.c_str());
      std::string problem;
      try {
        for (uint32_t i = 0; i < inputs.Length(); i++) {
          if (lists.Get(i).ToBoolean()) {
            TF_AddInputList(description, arguments[i].data(), static_cast<int>(arguments[i].size()));
          } else {
            TF_AddInput(description, arguments[i].at(0));
          }
        }
        for (TF_Operation* operation : before) TF_AddControlInput(description, operation);
        for (uint32_t i = 0; i < attributes.Length(); i++) {
          Napi::Array attribute = attributes.Get(i).As<Napi::Array>();
          SetAttribute(description, attribute.Get(0u).ToString(), attribute.Get(1u).ToNumber().Int32Value(),
                       attribute.Get(2u));
        }
      } catch (const std::exception& error) {
        problem = error.what();
      }
      if (!problem.empty()) {
        Status status = NewStatus();
        TF_FinishOperation(description, status.get());
        throw std::runtime_error(problem);
      }
      return Finish(info.Env(), description);
    });
  }

  // {operation, outputs: {dtype, shape | null (rank unknown), -1 for an extent that is unknown}[]}
  Napi::Value Finish(Napi::Env env, TF_OperationDescription* description) {
    Core& core = Open();
    Status status = NewStatus();
    TF_Operation* operation = TF_FinishOperation(description, status.get());
    Check(status);
    core.operations.push_back(operation);
    Napi::Object result = Napi::Object::New(env);
    result.Set("operation", Napi::Number::New(env, static_cast<double>(core.operations.size() - 1)));
    const int count = TF_OperationNumOutputs(operation);
    Napi::Array outputs = Napi::Array::New(env, count);
    for (int i = 0; i < count; i++) {
      TF_Output output = {operation, i};
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("dtype", Napi::Number::New(env, TF_OperationOutputType(output)));
      const int rank = TF_GraphGetTensorNumDims(core.graph, output, status.get());
      Check(status);
      if (rank < 0) {
        entry.Set("shape", env.Null());
      } else {
        std::vector<int64_t> shape(rank);
        TF_GraphGetTensorShape(core.graph, output, shape.data(), rank, status.get());
        Check(status);
        entry.Set("shape", WriteShape(env, shape));
      }
      outputs.Set(i, entry);
    }
    result.Set("outputs", outputs);
    return result;
  }

  // (feeds: [operation, index, dtype, shape, data][], fetches: [operation, index][], targets: number[]):
  // Promise<TypedArray[]>, one a fetch.
  Napi::Value Run(const Napi::CallbackInfo& info) { return Start(info, false); }

  // As `run`, but the outputs are dropped: Promise<Uint8Array>, a serialized RunMetadata with what each node did.
  Napi::Value Trace(const Napi::CallbackInfo& info) { return Start(info, true); }

  Napi::Value Start(const Napi::CallbackInfo& info, bool trace) {
    return Guarded(info, [&] {
      Core& core = Open();
      Napi::Array feeds = info[0].As<Napi::Array>(), fetches = info[1].As<Napi::Array>();
      Napi::Array targets = info[2].As<Napi::Array>();
      auto worker = std::make_unique<RunWorker>(info.Env(), core_);
      worker->trace = trace;
      for (uint32_t i = 0; i < feeds.Length(); i++) {
        Napi::Array feed = feeds.Get(i).As<Napi::Array>();
        worker->feeds.push_back(
            core.Output(feed.Get(0u).ToNumber().Int32Value(), feed.Get(1u).ToNumber().Int32Value()));
        worker->inputs.push_back(ReadTensor(feed.Get(2u).ToNumber().Int32Value(), ReadShape(feed.Get(3u)),
                                            feed.Get(4u).As<Napi::TypedArray>()));
      }
      for (uint32_t i = 0; i < fetches.Length(); i++) {
        Napi::Array fetch = fetches.Get(i).As<Napi::Array>();
        worker->fetches.push_back(
            core.Output(fetch.Get(0u).ToNumber().Int32Value(), fetch.Get(1u).ToNumber().Int32Value()));
      }
      for (uint32_t i = 0; i < targets.Length(); i++) {
        worker->targets.push_back(core.operations.at(targets.Get(i).ToNumber().Int32Value()));
      }
      Napi::Promise promise = worker->deferred.Promise();
      worker.release()->Queue();  // deletes itself when done
      return static_cast<Napi::Value>(promise);
    });
  }

  // Frees graph and session, at the end of a run that is under way.
  Napi::Value Close(const Napi::CallbackInfo& info) {
    core_.reset();
    return info.Env().Undefined();
  }
};

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("GraphSession", GraphSession::Define(env));
  exports.Set("tensorflowVersion", Napi::String::New(env, TF_Version()));
  return exports;
}

}  // namespace

NODE_API_MODULE(session, Init)
