// NVIDIA's management library with one GPU and no driver: the three calls that are used.
#include <stdint.h>

int nvmlInit_v2(void) { return 0; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static char gpu;
  *device = &gpu;
  return index == 0 ? 0 : 2;
}

int nvmlDeviceGetMemoryInfo(void* device, uint64_t* total_free_used) {
  if (!device) return 2;
  total_free_used[0] = 80ull << 30;
  total_free_used[1] = 70ull << 30;
  total_free_used[2] = 10ull << 30;
  return 0;
}
