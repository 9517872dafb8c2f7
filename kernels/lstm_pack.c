#include "lstm.h"
#include "unrolled.h"

int lstm_pack_size(int inputs, int hidden, int has_ids) {
  const int input = has_ids ? inputs * 4 * hidden : gate_panels_size(hidden, inputs) + 4 * hidden;
  return gate_panels_size(hidden, hidden) + input;
}

/* weight [4H, k] into groups of gate panels. */
static void pack_gates(float *out, const float *weight, int hidden, int k) {
  for (int group = 0; group < gate_groups(hidden); group++)
    for (int gate = 0; gate < 4; gate++, out += NR * k)
      pack_panels(out, NR * k, weight + (gate * hidden + group * NR) * k, 1, k, group_width(hidden, group), k);
}

INLINE float summed_bias(const float *bias_ih, const float *bias_hh, int j) {
  return (bias_ih ? bias_ih[j] : 0) + (bias_hh ? bias_hh[j] : 0);
}

void lstm_pack(float *packed, const float *weight_ih, const float *weight_hh, const float *bias_ih,
               const float *bias_hh, int inputs, int hidden, int has_ids) {
  const int gates = 4 * hidden;
  pack_gates(packed, weight_hh, hidden, hidden);
  packed += gate_panels_size(hidden, hidden);
  if (!has_ids) {
    pack_gates(packed, weight_ih, hidden, inputs);
    packed += gate_panels_size(hidden, inputs);
    for (int j = 0; j < gates; j++) packed[j] = summed_bias(bias_ih, bias_hh, j);
    return;
  }
  swap_axes(packed, weight_ih, gates, inputs, 1);
  for (int i = 0; i < inputs; i++)
    for (int j = 0; j < gates; j++) packed[i * gates + j] += summed_bias(bias_ih, bias_hh, j);
}
