using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Training;

/// <summary>Refuses outputs of a network that are not finite, and names the tensor or the layer that they come from.</summary>
public static class FiniteOutputs
{
    /// <param name="parameters">Those of the network.</param>
    /// <param name="batch">The images. Those with label -1 do not count.</param>
    /// <param name="outputs">[batch.Count][outputs] what the network gives for them.</param>
    /// <param name="nameOf">Names an image by its place in the batch.</param>
    /// <param name="precision">That of the plan that gave them.</param>
    /// <exception cref="NonFiniteWeightsException">An output is not finite, and neither are weights.</exception>
    /// <exception cref="NonFiniteOutputException">An output is not finite, but all weights are.</exception>
    public static void Check(
        ParameterStore parameters, Batch batch, ReadOnlySpan<float> outputs, Func<int, string> nameOf,
        Precision precision = Precision.Float32) =>
        CheckRead(parameters, batch.Labels.AsSpan(0, batch.Count), outputs, nameOf, image => Alone(batch, image), precision);

    /// <summary>Checks the outputs of images whose batch may have changed.</summary>
    /// <param name="labels">[images]</param>
    /// <param name="outputs">[images][outputs]</param>
    /// <param name="alone">Returns a batch of one of the images alone; null where it cannot be had.</param>
    /// <inheritdoc cref="Check"/>
    internal static void CheckRead(
        ParameterStore parameters, ReadOnlySpan<int> labels, ReadOnlySpan<float> outputs, Func<int, string> nameOf,
        Func<int, Batch?> alone, Precision precision)
    {
        int width = parameters.Network.Output.Shape.Count;
        if (NonFiniteTensor.IndexIn(outputs[..(labels.Length * width)]) < 0) return;
        for (int image = 0; image < labels.Length; image++)
        {
            ReadOnlySpan<float> scores = outputs.Slice(image * width, width);
            int first = NonFiniteTensor.IndexIn(scores);
            if (first < 0 || labels[image] < 0) continue;
            int place = image;
            throw Explain(parameters, () => alone(place), nameOf(image), scores[first], precision);
        }
    }

    /// <summary>Copies an image into a batch of its own.</summary>
    internal static Batch Alone(Batch batch, int image)
    {
        var alone = new Batch(batch.Shape, 1) { Count = 1 };
        batch.Image(image).CopyTo(alone.Image(0));
        return alone;
    }

    /// <summary>Describes weights that are not finite.</summary>
    /// <param name="who">The network or its file, for the message.</param>
    public static NonFiniteWeightsException Refuse(string who, NonFiniteTensor tensor, string? file = null) =>
        new($"{who} expects finite weights, but {tensor}; take weights from before that, or train again.", tensor) { File = file };

    private static GpuCnnException Explain(
        ParameterStore parameters, Func<Batch?> alone, string name, float output, Precision precision)
    {
        Network network = parameters.Network;
        if (parameters.FirstNonFinite() is { } tensor) return Refuse(network.Name, tensor);
        PlanNode? node = alone() is { } image ? FindLayer(parameters, image, precision) : null;
        string where = node is null ? "" : $", first in the output of {node.Name} ({node.Node.Operator.Type})";
        return new NonFiniteOutputException(
            $"{network.Name} gives {output.ToString(CultureInfo.InvariantCulture)} for {name}{where}, although its weights are finite; "
            + "they are too large or do not belong together. Use other weights.", name)
        {
            Layer = node?.Name,
        };
    }

    /// <summary>Runs the image alone, keeps what each layer gives, and returns the first layer whose output is not finite.</summary>
    private static PlanNode? FindLayer(ParameterStore parameters, Batch image, Precision precision)
    {
        using var plan = new Plan(parameters, new() { Images = 1, KeepsBuffers = true, Precision = precision });
        plan.Infer(image);
        return plan.FirstNonFinite();
    }
}
