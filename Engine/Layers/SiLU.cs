namespace GpuCnn.Engine.Layers;

/// <summary>
/// x / (1 + exp(-x)) (Elfwing et al., 2017, https://arxiv.org/abs/1702.03118; as Swish: Ramachandran et al., 2017,
/// https://arxiv.org/abs/1710.05941)
/// </summary>
public sealed class SiLU : Activation<Kernels.Pointwise.SiLU>;
