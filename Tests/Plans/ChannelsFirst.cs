using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Tests.Plans;

/// <summary>
/// Images of batches and plans, [N, H, W, C], in the order of PyTorch and of the references: [N, C, H, W].
/// </summary>
internal static class ChannelsFirst
{
    /// <summary>Fills the first images of a batch.</summary>
    public static void SetChannelsFirst(this Batch batch, ReadOnlySpan<float> images) =>
        ImageLayout.ToChannelsLast(batch.Shape, images, batch.Images.AsSpan(0, images.Length));

    public static float[] GetChannelsFirst(this Batch batch) => Convert(batch.Shape, batch.Images);

    public static float[] GetOutputChannelsFirst(this Plan plan)
    {
        Shape shape = plan.Parameters.Network.Output.Shape;
        var output = new float[plan.Options.Images * shape.Count];
        plan.ReadOutput(output);
        return Convert(shape, output);
    }

    public static float[] GetInputGradientChannelsFirst(this Plan plan)
    {
        Shape shape = plan.Parameters.Network.Input;
        var gradient = new float[plan.Options.Images * shape.Count];
        plan.ReadInputGradient(gradient);
        return Convert(shape, gradient);
    }

    private static float[] Convert(Shape shape, float[] channelsLast)
    {
        var result = new float[channelsLast.Length];
        ImageLayout.ToChannelsFirst(shape, channelsLast, result);
        return result;
    }
}
