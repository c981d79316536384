using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Devices;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// Tests layers whose three products a library computes against the reference in double. Eighths add up without rounding, so results are
/// equal.
/// </summary>
public sealed class LibraryProductTests
{
    private const int Images = 3;

    private static IEnumerable<LayerCase> Cases()
    {
        foreach ((int inputs, int units) in ((int, int)[])[(1, 1), (13, 7), (33, 17), (16, 8)])
        {
            foreach (bool bias in (bool[])[true, false])
            {
                yield return new(
                    $"fully connected {inputs} -> {units}{(bias ? "" : ", no bias")}", () => new Linear(units, bias), Shape.Vector(inputs),
                    new ReferenceLinear(units, bias));
            }
        }
        yield return new(
            "a volume as a vector", () => new Sequential { new Flatten(), new Linear(5) }, Shape.Volume(3, 2, 3), new ReferenceLinear(5));
        ConvolutionSetting[] settings =
        [
            new(5, (3, 3), (1, 1), (1, 1), Shape.Volume(7, 5, 6)), new(9, (3, 2), (2, 2), (1, 0), Shape.Volume(6, 7, 7), Groups: 3),
            new(7, (1, 1), (1, 1), (0, 0), Shape.Volume(5, 4, 3)),
            new(8, (1, 1), (1, 1), (0, 0), Shape.Volume(8, 3, 3), Groups: 2, Bias: false),
        ];
        foreach (ConvolutionSetting setting in settings) yield return setting.ToCase();
    }

    [TestCaseSource(nameof(Cases))]
    public void MatchesTheReference(LayerCase layer)
    {
        using var device = new LibraryDevice();
        float[] x = Numbers.Eighths(Images * layer.Input.Count, 1);
        float[][] parameters = LayerRun.Draw(layer, Numbers.Eighths);
        ReferenceLayer reference = layer.ReferenceAt(1);
        Extent input = Extent.Of(Images, layer.Input);
        double[] wideX = Numbers.ToDouble(x);
        double[][] wideParameters = [.. parameters.Select(Numbers.ToDouble)];
        double[] y = reference.Forward(input, wideX, wideParameters);
        Gradients gradients = reference.Backward(input, wideX, wideParameters, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);

        Dictionary<string, string> library;
        using (var plain = new LayerRun(device, layer.Layer, layer.Input, Place.Inner, Images))
        {
            Assert.That(plain.Choices.Select(choice => choice.Algorithm), Has.None.Contains("cuBLAS"),
                "the fixed rule never takes the library");
            library = plain.Choices.ToDictionary(
                choice => choice.Problem,
                choice => choice.Candidates.Single(candidate => candidate.EndsWith("cuBLAS", StringComparison.Ordinal)));
        }
        Assert.That(library, Has.Count.EqualTo(3), "forward, and two gradients");
        using var run = new LayerRun(device, layer.Layer, layer.Input, Place.Inner, Images, algorithms: library);
        Assert.That(run.Choices.Select(choice => choice.Algorithm), Is.EqualTo(run.Choices.Select(choice => library[choice.Problem])));
        LayerResult result = run.Run(x, parameters);
        Assert.That(device.Products, Is.GreaterThanOrEqualTo(3));
        Closeness.Check("output", result.Output, y, 0);
        Closeness.Check("input gradient", result.InputGradient!, gradients.Input, 0);
        for (int i = 0; i < gradients.Parameters.Length; i++)
            Closeness.Check($"gradient of parameter {i}", result.ParameterGradients[i], gradients.Parameters[i], 0);
    }

    /// <summary>A device without a library has no choice to make.</summary>
    [Test]
    public void WithoutALibraryAFullyConnectedLayerHasNoChoice()
    {
        using var device = new Engine.Devices.Debug.DebugDevice();
        using var run = new LayerRun(device, () => new Linear(5), Shape.Vector(4), Place.Inner, Images);
        Assert.That(run.Choices, Is.Empty);
    }
}
