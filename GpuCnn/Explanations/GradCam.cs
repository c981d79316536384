using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>
/// Grad-CAM (Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391): ReLU of the sum of a layer's maps, each weighted by the mean of the
/// gradient of a class's logit over the map.
/// </summary>
internal static class GradCam
{
    /// <summary>
    /// Returns the maps that are weighted by default: those of the last convolution with more than one position, after the norms,
    /// activations, sums and concatenations that follow it.
    /// </summary>
    /// <exception cref="GpuCnnException">The network has no such convolution.</exception>
    public static Node LastMaps(Network network)
    {
        IReadOnlyList<Node> layers = Activations.LayersOf(network);
        Node last = layers.LastOrDefault(layer => layer.Operator is Conv2d && layer.Output.Shape.Area > 1)
            ?? throw new GpuCnnException($"Grad-CAM weights the maps of a convolution, but {network.Name} has none with more than one "
                + "position for this input.");
        while (layers.FirstOrDefault(layer => layer.Inputs.Contains(last.Output)
            && layer.Operator is BatchNorm2d or Activation or Add or Concat) is { } next) last = next;
        return last;
    }

    /// <summary>Weights the maps.</summary>
    /// <param name="maps">[1, C, H, W]</param>
    /// <param name="gradient">[1, C, H, W] of the logit.</param>
    /// <returns>[H, W]</returns>
    public static float[] Weigh(Tensor maps, Tensor gradient, Shape shape)
    {
        int area = shape.Area;
        var sums = new double[area];
        for (int channel = 0; channel < shape.Channels; channel++)
        {
            double weight = 0;
            for (int i = 0; i < area; i++) weight += gradient.Values[channel * area + i];
            weight /= area;
            for (int i = 0; i < area; i++) sums[i] += weight * maps.Values[channel * area + i];
        }
        return [.. sums.Select(sum => (float)Math.Max(0, sum))];
    }
}
