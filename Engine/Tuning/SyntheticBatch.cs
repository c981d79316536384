using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Tuning;

/// <summary>Creates images of random values for measurements.</summary>
public static class SyntheticBatch
{
    /// <summary>Returns a full batch; the same for the same network and size.</summary>
    public static Batch Of(Network network, int images)
    {
        var batch = new Batch(network.Input, images) { Count = images };
        var random = new Random(1);
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = random.NextSingle() * 4 - 2;
        for (int i = 0; i < images; i++) batch.Labels[i] = i % network.Output.Shape.Count;
        return batch;
    }
}
