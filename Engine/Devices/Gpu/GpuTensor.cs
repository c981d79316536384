using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>A batch of values, or of their gradients, channels-last: [N][H][W][C], or [N][K] for vectors.</summary>
/// <param name="Shape">The shape operators see.</param>
/// <param name="Stored">The volume it is stored as: a view may see a volume as a vector.</param>
/// <param name="Images">Batch size.</param>
public sealed record GpuTensor(GpuBuffer<float> Elements, Shape Shape, Shape Stored, int Images)
{
    /// <summary>Floats of the batch.</summary>
    public int Count => Images * Shape.Count;

    /// <summary>Channels of the volume of which this is a part, or its own: floats from one pixel to the next.</summary>
    public int WholeChannels { get; init; } = Stored.Channels;

    /// <summary>The first channel in that volume.</summary>
    public int FirstChannel { get; init; }

    /// <summary>Whether pixels have more channels than these.</summary>
    public bool IsSlice => WholeChannels != Stored.Channels;

    /// <summary>From the first channel of the first pixel on. Valid when a launch is made, not before.</summary>
    public View<float> View => Elements.View.Slice(FirstChannel);

    public PlanBuffer Buffer => Elements.Buffer;

    /// <summary>Where the value that an operator sees at <paramref name="logical"/> (in C, H, W order) is stored in an image.</summary>
    public int IndexOf(int logical) => IndexOf(Stored, logical);

    /// <inheritdoc cref="IndexOf(int)"/>
    public static int IndexOf(Shape stored, int logical) => logical % stored.Area * stored.Channels + logical / stored.Area;
}

/// <summary>Elements in a plan's arena.</summary>
public sealed record GpuBuffer<T> where T : unmanaged
{
    private readonly GpuBackend _backend;

    internal GpuBuffer(GpuBackend backend, PlanBuffer buffer, int count)
    {
        _backend = backend;
        Buffer = buffer;
        Count = count;
    }

    public PlanBuffer Buffer { get; }

    /// <summary>Elements.</summary>
    public int Count { get; }

    /// <summary>Valid when a launch is made, not before.</summary>
    public View<T> View => _backend.View<T>(Buffer, Count);
}
