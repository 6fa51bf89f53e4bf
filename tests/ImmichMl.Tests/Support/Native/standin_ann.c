// Immich's C face of ARM NN without a GPU. A "model" is a text file: "in DIMS..." and "out DIMS..." lines. The answer is the numbers of the
// first input, as far as they go; token ids (two dimensions) are int32. What a caller does wrong is counted.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int tensors[2], ranks[2][4], dims[2][4][4], loaded;
} Network;

typedef struct {
  Network networks[64];
  int count;
} Runtime;

static int runtimes, networks, faults, last_tuning = -1, last_half = -1, last_fast = -1, last_saves = -1;
static char last_tuning_file[1024], last_compiled[1024];

int standin_ann_runtimes(void) { return runtimes; }
int standin_ann_networks(void) { return networks; }
int standin_ann_faults(void) { return faults; }
int standin_ann_tuning(void) { return last_tuning; }
int standin_ann_half(void) { return last_half; }
int standin_ann_fast(void) { return last_fast; }
int standin_ann_saves(void) { return last_saves; }
const char* standin_ann_tuning_file(void) { return last_tuning_file; }
const char* standin_ann_compiled(void) { return last_compiled; }

static int Exists(const char* path) {
  FILE* file = path ? fopen(path, "r") : NULL;
  if (file) fclose(file);
  return file != NULL;
}

void* init(int log_level, int tuning, const char* tuning_file) {
  if (log_level < 0 || log_level > 5 || tuning < 0 || tuning > 3 || !Exists(tuning_file)) faults++;
  last_tuning = tuning;
  snprintf(last_tuning_file, sizeof last_tuning_file, "%s", tuning_file ? tuning_file : "");
  runtimes++;
  return calloc(1, sizeof(Runtime));
}

void destroy(void* ann) {
  for (int i = 0; i < ((Runtime*)ann)->count; i++) faults += ((Runtime*)ann)->networks[i].loaded;
  free(ann);
  runtimes--;
}

int load(void* ann, const char* path, bool fast, bool half, bool saves, const char* compiled) {
  Runtime* runtime = ann;
  FILE* file = fopen(path, "r");
  if (!file || runtime->count == 64) return -1;
  if (compiled && !Exists(compiled)) faults++;
  last_fast = fast, last_half = half, last_saves = saves;
  snprintf(last_compiled, sizeof last_compiled, "%s", compiled ? compiled : "");
  Network* network = &runtime->networks[runtime->count];
  memset(network, 0, sizeof *network);
  char line[256];
  while (fgets(line, sizeof line, file)) {
    int side = strncmp(line, "in ", 3) == 0 ? 0 : strncmp(line, "out ", 4) == 0 ? 1 : -1;
    if (side < 0) {
      fclose(file);
      return -1;
    }
    int tensor = network->tensors[side]++;
    char* words = line + (side ? 4 : 3);
    for (char* end; network->ranks[side][tensor] < 4; words = end) {
      int dim = (int)strtol(words, &end, 10);
      if (end == words) break;
      network->dims[side][tensor][network->ranks[side][tensor]++] = dim;
    }
  }
  fclose(file);
  if (saves && compiled) {
    FILE* out = fopen(compiled, "w");
    fputs("compiled", out);
    fclose(out);
  }
  network->loaded = 1;
  networks++;
  return runtime->count++;
}

void unload(void* ann, int id) {
  Network* network = &((Runtime*)ann)->networks[id];
  faults += !network->loaded;
  network->loaded = 0;
  networks--;
}

int tensors(void* ann, int id, bool input) { return ((Runtime*)ann)->networks[id].tensors[input ? 0 : 1]; }

unsigned long shape(void* ann, int id, bool input, int index) {
  Network* network = &((Runtime*)ann)->networks[id];
  unsigned long packed = 0;
  for (int d = 0; d < network->ranks[input ? 0 : 1][index]; d++) packed |= (unsigned long)network->dims[input ? 0 : 1][index][d] << (16 * d);
  return packed;
}

static int Elements(Network* network, int side, int tensor) {
  int all = 1;
  for (int d = 0; d < network->ranks[side][tensor]; d++) all *= network->dims[side][tensor][d];
  return all;
}

void execute(void* ann, int id, const void** inputs, void** outputs) {
  Network* network = &((Runtime*)ann)->networks[id];
  faults += !network->loaded;
  int given = Elements(network, 0, 0), isIds = network->ranks[0][0] == 2;
  for (int o = 0; o < network->tensors[1]; o++)
    for (int e = 0; e < Elements(network, 1, o); e++)
      ((float*)outputs[o])[e] = e >= given ? 0 : isIds ? (float)((const int*)inputs[0])[e] : ((const float*)inputs[0])[e];
}
