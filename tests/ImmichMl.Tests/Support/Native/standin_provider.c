// A plug-in execution provider with ONNX Runtime's public C ABI and no hardware: two devices with memory of their own (the host's, but
// nothing may touch it without a copy), which take Relu and nothing else. Tests make a device fail and count what happens.
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "onnxruntime_c_api.h"

#define NAME "StandInExecutionProvider"
#define VENDOR 0xBE57
#define DEVICES 2

typedef struct {
  OrtAllocator base;
  const OrtMemoryInfo* info;
} Allocator;

typedef struct {
  OrtEp base;
  int device;
} Ep;

typedef struct {
  OrtNodeComputeInfo base;
  int device;
} Compute;

static const OrtApi* api;
static const OrtEpApi* ep_api;
static OrtMemoryInfo* own_memory[DEVICES];
static OrtMemoryInfo* pinned_memory[DEVICES];

static atomic_int runs[DEVICES];
static atomic_int failing[DEVICES];
static atomic_int refuses_to_load[DEVICES];
static atomic_int delay_us;
static atomic_int copies;
static atomic_long allocated;
static atomic_int allocators;
static char last_options[4096];

// What tests steer and read.
int standin_runs(int device) { return atomic_load(&runs[device]); }
int standin_copies(void) { return atomic_load(&copies); }
long standin_allocated(void) { return atomic_load(&allocated); }
int standin_allocators(void) { return atomic_load(&allocators); }
const char* standin_options(void) { return last_options; }
void standin_delay(int microseconds) { atomic_store(&delay_us, microseconds); }
// 0 works, 1 lost, 2 out of memory, 3 fails for another reason
void standin_fail(int device, int how) { atomic_store(&failing[device], how); }
void standin_refuse(int device, int refuse) { atomic_store(&refuses_to_load[device], refuse); }

static void* ORT_API_CALL Alloc(OrtAllocator* self, size_t size) {
  (void)self;
  atomic_fetch_add(&allocated, 1);
  return aligned_alloc(64, (size + 63) / 64 * 64 + 64);
}

static void ORT_API_CALL Free(OrtAllocator* self, void* block) {
  (void)self;
  if (block) atomic_fetch_sub(&allocated, 1);
  free(block);
}

static const OrtMemoryInfo* ORT_API_CALL Info(const OrtAllocator* self) { return ((const Allocator*)self)->info; }

static OrtStatus* ORT_API_CALL CreateAllocator(OrtEpFactory* self, const OrtMemoryInfo* info, const OrtKeyValuePairs* options, OrtAllocator** out) {
  (void)self, (void)options;
  Allocator* allocator = calloc(1, sizeof *allocator);
  allocator->base.version = ORT_API_VERSION;
  allocator->base.Alloc = Alloc;
  allocator->base.Free = Free;
  allocator->base.Info = Info;
  allocator->info = info;
  atomic_fetch_add(&allocators, 1);
  *out = &allocator->base;
  return NULL;
}

static void ORT_API_CALL ReleaseAllocator(OrtEpFactory* self, OrtAllocator* allocator) {
  (void)self;
  atomic_fetch_sub(&allocators, 1);
  free(allocator);
}

static bool ORT_API_CALL CanCopy(const OrtDataTransferImpl* self, const OrtMemoryDevice* from, const OrtMemoryDevice* to) {
  (void)self;
  return ep_api->MemoryDevice_GetVendorId(from) == VENDOR || ep_api->MemoryDevice_GetVendorId(to) == VENDOR;
}

static OrtStatus* ORT_API_CALL CopyTensors(OrtDataTransferImpl* self, const OrtValue** from, OrtValue** to, OrtSyncStream** streams, size_t count) {
  (void)self, (void)streams;
  for (size_t i = 0; i < count; i++) {
    const void* source;
    void* target;
    size_t bytes;
    OrtStatus* status = api->GetTensorData(from[i], &source);
    if (!status) status = api->GetTensorMutableData(to[i], &target);
    if (!status) status = api->GetTensorSizeInBytes(from[i], &bytes);
    if (status) return status;
    memcpy(target, source, bytes);
    atomic_fetch_add(&copies, 1);
  }
  return NULL;
}

static void ORT_API_CALL ReleaseTransfer(OrtDataTransferImpl* self) { free(self); }

static OrtStatus* ORT_API_CALL CreateDataTransfer(OrtEpFactory* self, OrtDataTransferImpl** out) {
  (void)self;
  OrtDataTransferImpl* transfer = calloc(1, sizeof *transfer);
  transfer->ort_version_supported = ORT_API_VERSION;
  transfer->Release = ReleaseTransfer;
  transfer->CanCopy = (bool(ORT_API_CALL*)(const OrtDataTransferImpl*, const OrtMemoryDevice*, const OrtMemoryDevice*))CanCopy;
  transfer->CopyTensors = CopyTensors;
  *out = transfer;
  return NULL;
}

static OrtStatus* ORT_API_CALL CreateState(OrtNodeComputeInfo* self, OrtNodeComputeContext* context, void** state) {
  (void)self, (void)context;
  *state = NULL;
  return NULL;
}

static void ORT_API_CALL ReleaseState(OrtNodeComputeInfo* self, void* state) { (void)self, (void)state; }

extern int usleep(unsigned);

static OrtStatus* ORT_API_CALL ComputeRelu(OrtNodeComputeInfo* self, void* state, OrtKernelContext* context) {
  (void)state;
  int device = ((Compute*)self)->device;
  atomic_fetch_add(&runs[device], 1);
  if (atomic_load(&delay_us)) usleep((unsigned)atomic_load(&delay_us));
  switch (atomic_load(&failing[device])) {
    case 1: return api->CreateStatus(ORT_EP_FAIL, "CUDA failure 719: unspecified launch failure ; GPU=0");
    case 2: return api->CreateStatus(ORT_EP_FAIL, "Failed to allocate memory for requested buffer of size 1");
    case 3: return api->CreateStatus(ORT_EP_FAIL, "the stand-in does not feel like it");
  }

  const OrtValue* input;
  OrtValue* output;
  OrtTensorTypeAndShapeInfo* shape;
  size_t rank, count;
  int64_t dims[16];
  const void* from;
  void* to;
  OrtStatus* status = api->KernelContext_GetInput(context, 0, &input);
  if (!status) status = api->GetTensorTypeAndShape(input, &shape);
  if (status) return status;
  status = api->GetDimensionsCount(shape, &rank);
  if (!status) status = api->GetDimensions(shape, dims, rank);
  if (!status) status = api->GetTensorShapeElementCount(shape, &count);
  api->ReleaseTensorTypeAndShapeInfo(shape);
  if (status) return status;
  status = api->KernelContext_GetOutput(context, 0, dims, rank, &output);
  if (!status) status = api->GetTensorData(input, &from);
  if (!status) status = api->GetTensorMutableData(output, &to);
  if (status) return status;
  for (size_t i = 0; i < count; i++) {
    float value = ((const float*)from)[i];
    ((float*)to)[i] = value > 0 ? value : 0;
  }
  return NULL;
}

static const char* ORT_API_CALL EpName(const OrtEp* self) {
  (void)self;
  return NAME;
}

static OrtStatus* ORT_API_CALL GetCapability(OrtEp* self, const OrtGraph* graph, OrtEpGraphSupportInfo* support) {
  (void)self;
  size_t count;
  OrtStatus* status = api->Graph_GetNumNodes(graph, &count);
  if (status) return status;
  const OrtNode** nodes = calloc(count + 1, sizeof *nodes);
  status = api->Graph_GetNodes(graph, nodes, count);
  for (size_t i = 0; !status && i < count; i++) {
    const char* type;
    status = api->Node_GetOperatorType(nodes[i], &type);
    if (!status && strcmp(type, "Relu") == 0) status = ep_api->EpGraphSupportInfo_AddNodesToFuse(support, &nodes[i], 1, NULL);
  }
  free(nodes);
  return status;
}

static OrtStatus* ORT_API_CALL Compile(OrtEp* self, const OrtGraph** graphs, const OrtNode** fused, size_t count, OrtNodeComputeInfo** infos, OrtNode** contexts) {
  (void)graphs, (void)fused, (void)contexts;
  for (size_t i = 0; i < count; i++) {
    Compute* compute = calloc(1, sizeof *compute);
    compute->base.ort_version_supported = ORT_API_VERSION;
    compute->base.CreateState = CreateState;
    compute->base.Compute = ComputeRelu;
    compute->base.ReleaseState = ReleaseState;
    compute->device = ((Ep*)self)->device;
    infos[i] = &compute->base;
  }
  return NULL;
}

static void ORT_API_CALL ReleaseInfos(OrtEp* self, OrtNodeComputeInfo** infos, size_t count) {
  (void)self;
  for (size_t i = 0; i < count; i++) free(infos[i]);
}

static const char* ORT_API_CALL FactoryName(const OrtEpFactory* self) {
  (void)self;
  return NAME;
}

static const char* ORT_API_CALL Vendor(const OrtEpFactory* self) {
  (void)self;
  return "Stand-in";
}

static const char* ORT_API_CALL Version(const OrtEpFactory* self) {
  (void)self;
  return "1.0.0";
}

static uint32_t ORT_API_CALL VendorId(const OrtEpFactory* self) {
  (void)self;
  return VENDOR;
}

static OrtStatus* ORT_API_CALL GetSupportedDevices(OrtEpFactory* self, const OrtHardwareDevice* const* hardware, size_t count, OrtEpDevice** devices,
                                                   size_t most, size_t* found) {
  *found = 0;
  for (size_t i = 0; i < count; i++) {
    if (api->HardwareDevice_Type(hardware[i]) != OrtHardwareDeviceType_CPU) continue;
    for (int device = 0; device < DEVICES && *found < most; device++) {
      OrtKeyValuePairs* metadata;
      char number[2] = {(char)('0' + device), 0};
      api->CreateKeyValuePairs(&metadata);
      api->AddKeyValuePair(metadata, "ordinal", number);
      OrtStatus* status = ep_api->CreateEpDevice(self, hardware[i], metadata, NULL, &devices[*found]);
      api->ReleaseKeyValuePairs(metadata);
      if (!status) status = ep_api->EpDevice_AddAllocatorInfo(devices[*found], own_memory[device]);
      if (!status) status = ep_api->EpDevice_AddAllocatorInfo(devices[*found], pinned_memory[device]);
      if (status) return status;
      (*found)++;
    }
    break;
  }
  return NULL;
}

static OrtStatus* ORT_API_CALL CreateEp(OrtEpFactory* self, const OrtHardwareDevice* const* hardware, const OrtKeyValuePairs* const* metadata, size_t count,
                                        const OrtSessionOptions* options, const OrtLogger* logger, OrtEp** out) {
  (void)self, (void)hardware, (void)logger;
  if (count != 1) return api->CreateStatus(ORT_INVALID_ARGUMENT, "one device, please");
  const char* ordinal = api->GetKeyValue(metadata[0], "ordinal");
  int device = ordinal ? ordinal[0] - '0' : 0;
  if (atomic_load(&refuses_to_load[device])) return api->CreateStatus(ORT_EP_FAIL, "the stand-in refuses this model");

  last_options[0] = 0;
  static const char* const keys[] = {"ep.standinexecutionprovider.colour", "ep.standinexecutionprovider.gpu_mem_limit",
                                     "ep.standinexecutionprovider.arena_extend_strategy", "ep.standinexecutionprovider.enable_cuda_graph"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    int has = 0;
    size_t size = 256;
    char value[256];
    if (!api->HasSessionConfigEntry(options, keys[i], &has) && has && !api->GetSessionConfigEntry(options, keys[i], value, &size)) {
      strcat(last_options, strrchr(keys[i], '.') + 1);
      strcat(last_options, "=");
      strcat(last_options, value);
      strcat(last_options, ";");
    }
  }

  Ep* ep = calloc(1, sizeof *ep);
  ep->base.ort_version_supported = ORT_API_VERSION;
  ep->base.GetName = EpName;
  ep->base.GetCapability = GetCapability;
  ep->base.Compile = Compile;
  ep->base.ReleaseNodeComputeInfos = ReleaseInfos;
  ep->device = device;
  *out = &ep->base;
  return NULL;
}

static void ORT_API_CALL ReleaseEp(OrtEpFactory* self, OrtEp* ep) {
  (void)self;
  free(ep);
}

static bool ORT_API_CALL IsStreamAware(const OrtEpFactory* self) {
  (void)self;
  return false;
}

OrtStatus* CreateEpFactories(const char* name, const OrtApiBase* base, const OrtLogger* logger, OrtEpFactory** factories, size_t most, size_t* count) {
  (void)name, (void)logger, (void)most;
  api = base->GetApi(ORT_API_VERSION);
  ep_api = api->GetEpApi();
  for (int device = 0; device < DEVICES; device++) {
    OrtStatus* status = api->CreateMemoryInfo_V2("StandIn", OrtMemoryInfoDeviceType_GPU, VENDOR, device, OrtDeviceMemoryType_DEFAULT, 0, OrtDeviceAllocator,
                                                 &own_memory[device]);
    if (!status)
      status = api->CreateMemoryInfo_V2("StandInPinned", OrtMemoryInfoDeviceType_GPU, VENDOR, device, OrtDeviceMemoryType_HOST_ACCESSIBLE, 0,
                                        OrtDeviceAllocator, &pinned_memory[device]);
    if (status) return status;
  }

  OrtEpFactory* factory = calloc(1, sizeof *factory);
  factory->ort_version_supported = ORT_API_VERSION;
  factory->GetName = FactoryName;
  factory->GetVendor = Vendor;
  factory->GetVendorId = VendorId;
  factory->GetVersion = Version;
  factory->GetSupportedDevices = GetSupportedDevices;
  factory->CreateEp = CreateEp;
  factory->ReleaseEp = ReleaseEp;
  factory->CreateAllocator = CreateAllocator;
  factory->ReleaseAllocator = ReleaseAllocator;
  factory->CreateDataTransfer = CreateDataTransfer;
  factory->IsStreamAware = IsStreamAware;
  factories[0] = factory;
  *count = 1;
  return NULL;
}

OrtStatus* ReleaseEpFactory(OrtEpFactory* factory) {
  free(factory);
  return NULL;
}
