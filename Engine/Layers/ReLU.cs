namespace GpuCnn.Engine.Layers;

/// <summary>max(0, x)</summary>
public sealed class ReLU : Activation<Kernels.Pointwise.ReLU>;
