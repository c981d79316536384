using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// x Φ(x), where Φ is the cumulative distribution function of the standard normal distribution (Hendrycks and Gimpel, 2016,
/// https://arxiv.org/abs/1606.08415).
/// </summary>
/// <param name="tanh">
/// Whether it is approximated by x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, as PyTorch's <c>approximate='tanh'</c>.
/// </param>
public sealed class Gelu(bool tanh = false) : Activation
{
    public override IPointwise Function { get; } = tanh ? new GeluTanh() : new Kernels.Pointwise.Gelu();
}
