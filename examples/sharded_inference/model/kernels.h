/// The arithmetic of a layer, in f32.
///
/// Every function computes each output element in one order that depends on nothing but the
/// lengths: not on how many rows or tokens are computed together, and not on the vector width of
/// the machine. Compiled without contraction to fused multiply-add. So a row gives the same bits on
/// whichever rank computes it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inference::kernels {

/// The sum of a[i] * b[i].
float dot(const float* a, const float* b, std::size_t count);

/// out[t * out_stride + r] = the dot product of row r of `weights` ([rows][columns]) and
/// in[t * in_stride ...], for t < tokens.
void matmul(float* out, std::size_t out_stride, const float* weights, std::size_t rows,
            std::size_t columns, const float* in, std::size_t in_stride, std::size_t tokens);

/// out[i] = in[i] / sqrt(mean of in^2 + eps) * weight[i].
void rms_norm(float* out, const float* in, const float* weight, std::size_t count, float eps);

/// Rotates the pairs (i, i + dim/2) of one head by position * theta^(-2i/dim), in place: the order
/// of Llama checkpoints on Hugging Face.
void rope(float* head, std::size_t dim, std::size_t position, float theta);

/// values[i] = exp(values[i] - max) / sum of them. count > 0.
void softmax(float* values, std::size_t count);

/// out[i] = silu(gate[i]) * up[i].
void swiglu(float* out, const float* gate, const float* up, std::size_t count);

/// y[i] += a * x[i].
void add_scaled(float* y, float a, const float* x, std::size_t count);

}  // namespace inference::kernels
