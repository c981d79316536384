using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Optimizers;

public sealed class LarsTests
{
    private const float Trust = 0.02f;

    /// <summary>Takes each step's gradients from the device, so that only the update is compared. Biases start at zero.</summary>
    [Test]
    public void MatchesTheReference(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(0f, 0.05f)] float decay,
        [Values] bool adaptsVectors)
    {
        const int Steps = 4;
        using Device device = test.Make();
        using var network = new TestNetwork(device, new Sequential { { "conv", new Conv2d(5, 3) }, new Flatten(), { "fc", new Linear(7) } },
            Shape.Volume(3, 6, 5), new PlanOptions
            {
                Images = 4,
                Training = true,
                Loss = new SoftmaxCrossEntropy(),
                Optimizer = new Lars(0.8f, decay, Trust, adaptsVectors, decaysVectors: false),
            });
        network.Parameters.Initialize(1);
        Parameter[] parameters = [.. network.Network.Parameters];
        double[][] weights = [.. parameters.Select(parameter => Numbers.ToDouble(network.Weights(parameter.Path)))];
        ReferenceLars[] adaptive = [.. parameters.Select(parameter =>
            new ReferenceLars(0.8f, parameter.Spec.Dimensions.Count > 1 ? decay : 0, Trust))];
        ReferenceSgd[] plain = [.. parameters.Select(_ => new ReferenceSgd(0.8f, 0, nesterov: false))];
        for (int step = 0; step < Steps; step++)
        {
            network.Plan.Train(network.Batch, 0.5f, seed: 0, (ulong)step);
            for (int i = 0; i < parameters.Length; i++)
            {
                string path = parameters[i].Path;
                bool isPlain = parameters[i].Spec.Dimensions.Count == 1 && !adaptsVectors;
                double[] gradient = Numbers.ToDouble(network.Gradient(path));
                if (isPlain) plain[i].Step(weights[i], gradient, 0.5f);
                else adaptive[i].Step(weights[i], gradient, 0.5);
                Check("weights", network.Weights(path), weights[i]);
                double[] velocity = isPlain ? plain[i].Velocity : adaptive[i].Velocity;
                Check("velocity", network.Parameters.GetSlot("velocity", parameters[i]).Values, velocity);

                void Check(string what, float[] actual, double[] expected) => Closeness.Check(
                    $"{test}: {what} of {path} after step {step}", actual, expected,
                    Closeness.Tolerance(8 * (step + 1), Math.Max(test.Rounding, Math.Pow(2, -23)), expected));
            }
        }
    }

    /// <summary>Tests the reference against PyTorch's SGD with apex's scaling, in float64 (make_lars.py).</summary>
    [Test]
    public void ReferenceMatchesApex()
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "lars.safetensors"));
        double[] matrix = Values("start"), vector = new double[8];
        ReferenceLars ofMatrix = new(0.9, 0.01, 0.02), ofVector = new(0.9, 0.01, 0.02);
        foreach (double[] gradient in Values("gradients").Chunk(matrix.Length + vector.Length))
        {
            ofMatrix.Step(matrix, gradient[..matrix.Length], 0.5);
            ofVector.Step(vector, gradient[matrix.Length..], 0.5);
        }
        Assert.That(matrix, Is.EqualTo(Values("matrix")).Within(2e-7));
        Assert.That(vector, Is.EqualTo(Values("vector")).Within(2e-7));
        Assert.That(ofMatrix.Velocity, Is.EqualTo(Values("matrix.velocity")).Within(2e-7));
        Assert.That(ofVector.Velocity, Is.EqualTo(Values("vector.velocity")).Within(2e-7));

        double[] Values(string tensor) => Numbers.ToDouble(golden.ReadTensor(tensor).Values);
    }

    [Test]
    public void RefusesSettingsThatCannotConverge()
    {
        Assert.That(() => new Lars(momentum: 1), Throws.TypeOf<SettingException>().With.Message.Contains("momentum"));
        Assert.That(() => new Lars(trust: 0), Throws.TypeOf<SettingException>().With.Message.Contains("trust"));
        Assert.That(() => new Lars(weightDecay: -1), Throws.TypeOf<SettingException>().With.Message.Contains("weight decay"));
    }
}
