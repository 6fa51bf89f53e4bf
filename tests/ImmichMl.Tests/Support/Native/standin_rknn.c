// Rockchip's runtime with its public C ABI and no NPU. A "model" is a text file, one line for each tensor:
//   in  NAME TYPE FORMAT DIMS...        out NAME TYPE FORMAT DIMS...        range INPUT DIMS...        fail CALL CODE
// It answers with the sum of each channel of the first input (4 dimensions), or with the numbers themselves, and checks every argument:
// what is wrong comes back as an error code that no other check uses.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  uint32_t index, n_dims, dims[16];
  char name[256];
  uint32_t n_elems, size;
  int fmt, type, qnt_type;
  int8_t fl;
  int32_t zp;
  float scale;
  uint32_t w_stride, size_with_stride;
  uint8_t pass_through;
  uint32_t h_stride;
} Attr;

typedef struct {
  uint32_t index, shape_number;
  int fmt;
  char name[256];
  uint32_t dyn_range[512][16];
  uint32_t n_dims;
} Range;

typedef struct {
  uint32_t index;
  void* buf;
  uint32_t size;
  uint8_t pass_through;
  int type, fmt;
} Input;

typedef struct {
  uint8_t want_float, is_prealloc;
  uint32_t index;
  void* buf;
  uint32_t size;
} Output;

typedef struct {
  int inputs, outputs, is_copy, ran, busy, mask;
  Attr in[4], out[4];
  Range ranges[4];
  float* data[4];
  uint32_t count[4];
  char fail[64];
  int fail_code;
} Context;

static int open_contexts, masks_set, last_mask = -1, held_outputs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int standin_rknn_open(void) { return open_contexts; }
int standin_rknn_masks(void) { return masks_set; }
int standin_rknn_mask(void) { return last_mask; }
int standin_rknn_held(void) { return held_outputs; }

static int Fails(Context* c, const char* call) { return strcmp(c->fail, call) == 0 ? c->fail_code : 0; }

static void Read(Attr* attr, char* words, uint32_t index) {
  memset(attr, 0, sizeof *attr);
  attr->index = index;
  attr->n_elems = 1;
  sscanf(words, "%255s", attr->name);
  words += strlen(attr->name) + strspn(words, " ");
  attr->type = (int)strtol(words, &words, 10);
  attr->fmt = (int)strtol(words, &words, 10);
  for (char* end; attr->n_dims < 16; words = end) {
    uint32_t dim = (uint32_t)strtoul(words, &end, 10);
    if (end == words) break;
    attr->dims[attr->n_dims++] = dim;
    attr->n_elems *= dim;
  }
}

int rknn_init(uint64_t* context, void* model, uint32_t size, uint32_t flag, void* extend) {
  if (!context || !model || size != 0 || flag != 0 || extend) return -101;
  FILE* file = fopen(model, "r");
  if (!file) return -1;
  Context* c = calloc(1, sizeof *c);
  char line[1024];
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, "in ", 3) == 0 && c->inputs < 4) Read(&c->in[c->inputs], line + 3, (uint32_t)c->inputs), c->inputs++;
    else if (strncmp(line, "out ", 4) == 0 && c->outputs < 4) Read(&c->out[c->outputs], line + 4, (uint32_t)c->outputs), c->outputs++;
    else if (strncmp(line, "fail ", 5) == 0) sscanf(line + 5, "%63s %d", c->fail, &c->fail_code);
    else if (strncmp(line, "range ", 6) == 0) {
      char* words = line + 6;
      uint32_t input = (uint32_t)strtoul(words, &words, 10);
      Range* range = &c->ranges[input % 4];
      range->n_dims = 0;
      for (char* end; range->n_dims < 16; words = end) {
        uint32_t dim = (uint32_t)strtoul(words, &end, 10);
        if (end == words) break;
        range->dyn_range[range->shape_number][range->n_dims++] = dim;
      }
      range->shape_number++;
    }
  }
  fclose(file);
  if (c->inputs == 0 || Fails(c, "rknn_init")) {
    int code = Fails(c, "rknn_init");
    free(c);
    return code ? code : -6;
  }
  pthread_mutex_lock(&lock);
  open_contexts++;
  pthread_mutex_unlock(&lock);
  *context = (uint64_t)(uintptr_t)c;
  return 0;
}

int rknn_dup_context(uint64_t* from, uint64_t* to) {
  if (!from || !to || !*from) return -102;
  Context* c = malloc(sizeof *c);
  memcpy(c, (Context*)(uintptr_t)*from, sizeof *c);
  memset(c->data, 0, sizeof c->data);
  c->is_copy = 1;
  pthread_mutex_lock(&lock);
  open_contexts++;
  pthread_mutex_unlock(&lock);
  *to = (uint64_t)(uintptr_t)c;
  return 0;
}

int rknn_destroy(uint64_t context) {
  Context* c = (Context*)(uintptr_t)context;
  for (int i = 0; i < 4; i++) free(c->data[i]);
  free(c);
  pthread_mutex_lock(&lock);
  open_contexts--;
  pthread_mutex_unlock(&lock);
  return 0;
}

int rknn_set_core_mask(uint64_t context, int mask) {
  ((Context*)(uintptr_t)context)->mask = mask;
  pthread_mutex_lock(&lock);
  masks_set++;
  last_mask = mask;
  pthread_mutex_unlock(&lock);
  return 0;
}

int rknn_query(uint64_t context, int command, void* info, uint32_t size) {
  Context* c = (Context*)(uintptr_t)context;
  if (Fails(c, "rknn_query")) return c->fail_code;
  switch (command) {
    case 0:
      if (size != 2 * sizeof(uint32_t)) return -103;
      ((uint32_t*)info)[0] = (uint32_t)c->inputs;
      ((uint32_t*)info)[1] = (uint32_t)c->outputs;
      return 0;
    case 1:
    case 2:
    case 15: {
      Attr* attr = info;
      int count = command == 1 ? c->inputs : c->outputs;
      if (size != sizeof(Attr)) return -104;
      if (attr->index >= (uint32_t)count) return -105;
      *attr = command == 1 ? c->in[attr->index] : c->out[attr->index];
      if (command == 15 && c->in[0].n_dims == 4) attr->dims[0] = c->in[0].dims[0];
      return 0;
    }
    case 13: {
      Range* range = info;
      if (size != sizeof(Range)) return -106;
      uint32_t index = range->index;
      if (index >= (uint32_t)c->inputs) return -107;
      if (c->ranges[index].shape_number == 0) return -6;
      *range = c->ranges[index];
      range->index = index;
      return 0;
    }
  }
  return -5;
}

int rknn_set_input_shapes(uint64_t context, uint32_t count, Attr* attrs) {
  Context* c = (Context*)(uintptr_t)context;
  if (count != (uint32_t)c->inputs) return -108;
  for (uint32_t i = 0; i < count; i++) {
    if (attrs[i].index != i || attrs[i].fmt != c->in[i].fmt) return -109;
    memcpy(c->in[i].dims, attrs[i].dims, sizeof attrs[i].dims);
    c->in[i].n_dims = attrs[i].n_dims;
  }
  return 0;
}

int rknn_inputs_set(uint64_t context, uint32_t count, Input* inputs) {
  Context* c = (Context*)(uintptr_t)context;
  if (__sync_lock_test_and_set(&c->busy, 1)) return -110;
  if (count != (uint32_t)c->inputs) return -111;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t elements = 1, width = inputs[i].type == 8 ? 8 : inputs[i].type == 0 || inputs[i].type == 6 ? 4 : 0;
    for (uint32_t d = 0; d < c->in[i].n_dims; d++) elements *= c->in[i].dims[d];
    if (inputs[i].index != i || inputs[i].pass_through || inputs[i].fmt != c->in[i].fmt) return -112;
    if (width == 0 || inputs[i].size != elements * width || !inputs[i].buf) return -113;
    free(c->data[i]);
    c->data[i] = malloc(elements * sizeof(float));
    c->count[i] = elements;
    for (uint32_t e = 0; e < elements; e++)
      c->data[i][e] = inputs[i].type == 0 ? ((float*)inputs[i].buf)[e] : inputs[i].type == 6 ? (float)((int32_t*)inputs[i].buf)[e] : (float)((int64_t*)inputs[i].buf)[e];
  }
  return 0;
}

int rknn_run(uint64_t context, void* extend) {
  Context* c = (Context*)(uintptr_t)context;
  if (extend || !c->busy) return -114;
  if (Fails(c, "rknn_run")) {
    __sync_lock_release(&c->busy);
    return c->fail_code;
  }
  c->ran = 1;
  return 0;
}

int rknn_outputs_get(uint64_t context, uint32_t count, Output* outputs, void* extend) {
  Context* c = (Context*)(uintptr_t)context;
  if (!c->ran || extend || count != (uint32_t)c->outputs) return -115;
  c->ran = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (outputs[i].want_float != 1 || outputs[i].is_prealloc || outputs[i].index != i) return -116;
    Attr now = c->out[i];
    if (c->in[0].n_dims == 4) now.dims[0] = c->in[0].dims[0];
    uint32_t elements = 1;
    for (uint32_t d = 0; d < now.n_dims; d++) elements *= now.dims[d];
    float* values = calloc(elements, sizeof *values);
    if (c->in[0].n_dims == 4) {
      int nhwc = c->in[0].fmt == 1;
      uint32_t rows = c->in[0].dims[0], channels = nhwc ? c->in[0].dims[3] : c->in[0].dims[1];
      uint32_t pixels = c->count[0] / rows / channels, per_row = elements / rows;
      for (uint32_t n = 0; n < rows; n++)
        for (uint32_t p = 0; p < pixels; p++)
          for (uint32_t ch = 0; ch < channels && ch < per_row; ch++)
            values[n * per_row + ch] += c->data[0][(n * pixels * channels) + (nhwc ? p * channels + ch : ch * pixels + p)];
    } else {
      for (uint32_t e = 0; e < elements && e < c->count[0]; e++) values[e] = c->data[0][e];
    }
    outputs[i].buf = values;
    outputs[i].size = elements * (uint32_t)sizeof(float);
    __sync_fetch_and_add(&held_outputs, 1);
  }
  return 0;
}

int rknn_outputs_release(uint64_t context, uint32_t count, Output* outputs) {
  Context* c = (Context*)(uintptr_t)context;
  for (uint32_t i = 0; i < count; i++) {
    free(outputs[i].buf);
    __sync_fetch_and_sub(&held_outputs, 1);
  }
  __sync_lock_release(&c->busy);
  return 0;
}
