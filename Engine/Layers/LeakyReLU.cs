using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>Computes x if x is above 0, else slope * x (Maas, Hannun and Ng, 2013).</summary>
public sealed class LeakyReLU : Activation
{
    /// <param name="slope">Above 0; PyTorch's default is 0.01.</param>
    public LeakyReLU(float slope = 0.01f)
    {
        if (!(slope > 0) || !float.IsFinite(slope))
            throw new ArgumentOutOfRangeException(nameof(slope), slope, "LeakyReLU expects a slope above 0.");
        Slope = slope;
    }

    public float Slope { get; }

    public override IPointwise Function => new Kernels.Pointwise.LeakyReLU(Slope);
}
