using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// Elements that launches read and write, in a plan's arena or in parameters. A buffer has no address; a <see cref="Launch"/> gives it one
/// when it makes a kernel.
/// </summary>
/// <param name="Count">Elements.</param>
public sealed record DeviceBuffer<T>(IPlanMemory Memory, long Count) where T : unmanaged
{
    /// <summary>Returns the same bytes as elements of another type.</summary>
    public unsafe DeviceBuffer<TOther> As<TOther>() where TOther : unmanaged => new(Memory, Count * sizeof(T) / sizeof(TOther));
}

/// <summary>A batch of values, or of their gradients, on a device.</summary>
/// <param name="Elements">
/// The whole buffer; for a slice, that of the whole volume. If the tensor <see cref="IsBFloat16"/>, each float holds two values.
/// </param>
/// <param name="Images">Batch size.</param>
public sealed record DeviceTensor(DeviceBuffer<float> Elements, TensorLayout Layout, int Images)
{
    /// <summary>The shape that operators see.</summary>
    public Shape Shape => Layout.Shape;

    /// <summary>The volume it is stored as; differs from <see cref="Shape"/> for a view of a volume as a vector.</summary>
    public Shape Stored => Layout.Stored;

    /// <inheritdoc cref="TensorLayout"/>
    public bool ChannelsLast => Layout.ChannelsLast;

    /// <summary>
    /// Channels of the whole volume, for a slice; else its own. Channels-last, also the floats from one pixel to the next.
    /// </summary>
    public int WholeChannels { get; init; } = Layout.Stored.Channels;

    /// <summary>The slice's first channel in the whole volume; the first of a block, if stored in blocks.</summary>
    public int FirstChannel { get; init; }

    /// <summary>
    /// Whether values are stored as bfloat16. Kernels get the same views of floats as otherwise, and a flag that says so
    /// (<c>Kernels/StoredValues.cs</c>).
    /// </summary>
    public bool IsBFloat16 { get; init; }

    /// <summary>Bytes of a value.</summary>
    internal int ValueBytes => IsBFloat16 ? 2 : 4;

    /// <summary>Whether the values are a slice of a volume with more channels.</summary>
    public bool IsSlice => WholeChannels != Stored.Channels;

    /// <summary>Channel blocks of one image.</summary>
    public int BlockCount => Layout.BlockCount;

    /// <summary>Channel blocks from one image to the next.</summary>
    public int WholeBlocks => Blocks.Count(WholeChannels);

    /// <inheritdoc cref="TensorLayout.CountPerImage"/>
    public int CountPerImage => Layout.CountPerImage;

    /// <summary>Values of the batch as stored.</summary>
    public long Count => (long)Images * CountPerImage;

    /// <inheritdoc cref="TensorLayout.IndexOf"/>
    public int IndexOf(int logical) => Layout.IndexOf(logical);

    /// <summary>Whether both tensors are in the same buffer.</summary>
    public bool SharesMemory(DeviceTensor other) => Elements.Memory == other.Elements.Memory;

    /// <summary>Index of the first value in the buffer.</summary>
    internal int First => ChannelsLast ? FirstChannel : FirstChannel * Stored.Area;
}
