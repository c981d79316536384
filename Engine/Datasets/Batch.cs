using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Datasets;

/// <summary>
/// Images and labels on the host, ready for a step. The images are normalized, and channels-last as devices read them. A batch holds
/// <see cref="Count"/> images of at most <see cref="Capacity"/>: only the last batch of an evaluation is not full.
/// </summary>
public sealed class Batch
{
    /// <exception cref="HostMemoryException">Not enough free memory, or the images do not fit in one array.</exception>
    public Batch(Shape shape, int capacity)
    {
        long count = (long)shape.Count * capacity;
        HostMemory.Check(count, sizeof(float), $"A batch of {capacity} images of {shape}");
        Shape = shape;
        Capacity = capacity;
        Images = GC.AllocateArray<float>((int)count, pinned: true);
        Labels = GC.AllocateArray<int>(capacity, pinned: true);
        Others = GC.AllocateArray<int>(capacity, pinned: true);
        Shares = GC.AllocateArray<float>(capacity, pinned: true);
        Array.Fill(Shares, 1f);
    }

    /// <summary>Shape of one image.</summary>
    public Shape Shape { get; }

    public int Capacity { get; }

    public int Count { get; set; }

    /// <summary>[Capacity, H, W, C]; zero past <see cref="Count"/> images.</summary>
    public float[] Images { get; }

    /// <summary>[Capacity] class indices; -1 past <see cref="Count"/>, and for images that could not be read.</summary>
    public int[] Labels { get; }

    /// <summary>
    /// [Capacity] second label of each image, -1 past <see cref="Count"/>. Read only with <c>PlanOptions.MixedLabels</c>.
    /// </summary>
    public int[] Others { get; }

    /// <summary>[Capacity] share of the first label of each image, from 0 to 1; the second label has the rest.</summary>
    public float[] Shares { get; }

    /// <summary>The values of an image: [H, W, C].</summary>
    public Span<float> Image(int index) => Images.AsSpan(index * Shape.Count, Shape.Count);
}
