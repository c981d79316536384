using System.Collections.Concurrent;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// The numbers that both sides compute with: a hash of position and tensor in [-1, 1), exact in float32. <c>peers/peer.py</c> computes the
/// same.
/// </summary>
internal static class Pattern
{
    public const int Input = 1, Weight = 2, OutputGradient = 3, Velocity = 4;

    /// <summary>Added to a parameter's index in its network.</summary>
    public const int FirstParameter = 10;

    public static float At(int tensor, long index)
    {
        uint hash = (uint)index * 2654435761u + (uint)tensor * 2654435769u;
        hash ^= hash >> 15;
        hash *= 2246822519u;
        hash ^= hash >> 13;
        return (hash >> 8) / 8388608f - 1;
    }

    public static void Fill(int tensor, float[] values, float scale = 1)
    {
        Parallel.ForEach(Partitioner.Create(0, values.Length), range =>
        {
            for (int i = range.Item1; i < range.Item2; i++) values[i] = scale * At(tensor, i);
        });
    }

    /// <summary>Fills all images with <see cref="Input"/>, which counts as PyTorch's tensors do: [N, C, H, W].</summary>
    public static void FillImages(Batch batch)
    {
        var channelsFirst = new float[batch.Images.Length];
        Fill(Input, channelsFirst);
        ImageLayout.ToChannelsLast(batch.Shape, channelsFirst, batch.Images);
    }

    public static int Label(int image, int classes) => image * 37 % classes;
}
