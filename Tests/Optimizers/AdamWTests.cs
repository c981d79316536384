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

public sealed class AdamWTests
{
    /// <summary>Takes each step's gradients from the device, so that only the update is compared.</summary>
    [Test]
    public void MatchesTheReference(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(0f, 0.1f)] float decay,
        [Values] bool decaysVectors)
    {
        const int Steps = 5;
        using Device device = test.Make();
        using var network = new TestNetwork(device, new Sequential { { "conv", new Conv2d(5, 3) }, new Flatten(), { "fc", new Linear(7) } },
            Shape.Volume(3, 6, 5), new PlanOptions
            {
                Images = 4,
                Training = true,
                Loss = new SoftmaxCrossEntropy(),
                Optimizer = new AdamW(0.8, 0.9, 1e-6f, decay, decaysVectors),
            });
        network.Parameters.Initialize(1);
        Parameter[] parameters = [.. network.Network.Parameters];
        double[][] weights = [.. parameters.Select(parameter => Numbers.ToDouble(network.Weights(parameter.Path)))];
        ReferenceAdamW[] references = [.. parameters.Select(parameter =>
            new ReferenceAdamW(0.8, 0.9, 1e-6f, decaysVectors || parameter.Spec.Dimensions.Count > 1 ? decay : 0))];
        for (int step = 0; step < Steps; step++)
        {
            float rate = 0.05f / (step + 1);
            network.Plan.Train(network.Batch, rate, seed: 0, (ulong)step);
            for (int i = 0; i < parameters.Length; i++)
            {
                string path = parameters[i].Path;
                references[i].Step(weights[i], Numbers.ToDouble(network.Gradient(path)), rate, step + 1);
                Check("weights", network.Weights(path), weights[i]);
                Check("exp_avg", network.Parameters.GetSlot("exp_avg", parameters[i]).Values, references[i].Means);
                Check("exp_avg_sq", network.Parameters.GetSlot("exp_avg_sq", parameters[i]).Values, references[i].Squares);

                void Check(string what, float[] actual, double[] expected) => Closeness.Check(
                    $"{test}: {what} of {path} after step {step}", actual, expected,
                    Closeness.Tolerance(8 * (step + 1), Math.Max(test.Rounding, Math.Pow(2, -23)), expected));
            }
        }
    }

    /// <summary>Devices are tested against the reference, so it is tested against PyTorch's float64 (make_adamw.py).</summary>
    [TestCase("default", 0.9, 0.999, 1e-8, 0.01)]
    [TestCase("other", 0.8, 0.95, 1e-3, 0.1)]
    public void ReferenceMatchesPyTorch(string name, double beta1, double beta2, double epsilon, double decay)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "adamw.safetensors"));
        double[] weights = Values("start"), gradients = Values("gradients");
        var reference = new ReferenceAdamW(beta1, beta2, epsilon, decay);
        foreach ((int step, double[] gradient) in gradients.Chunk(weights.Length).Index()) reference.Step(weights, gradient, 0.1, step + 1);
        Assert.That(weights, Is.EqualTo(Values($"{name}.weights")).Within(2e-7));
        Assert.That(reference.Means, Is.EqualTo(Values($"{name}.exp_avg")).Within(2e-7));
        Assert.That(reference.Squares, Is.EqualTo(Values($"{name}.exp_avg_sq")).Within(2e-7));

        double[] Values(string tensor) => Numbers.ToDouble(golden.ReadTensor(tensor).Values);
    }

    [Test]
    public void RefusesSettingsThatCannotConverge()
    {
        foreach (double beta in new[] { -0.1, 1, double.NaN })
        {
            Assert.That(() => new AdamW(beta1: beta), Throws.TypeOf<SettingException>().With.Message.Contains("beta1"));
            Assert.That(() => new AdamW(beta2: beta), Throws.TypeOf<SettingException>().With.Message.Contains("beta2"));
        }
        Assert.That(() => new AdamW(epsilon: 0), Throws.TypeOf<SettingException>().With.Message.Contains("epsilon"));
        Assert.That(() => new AdamW(weightDecay: -1), Throws.TypeOf<SettingException>().With.Message.Contains("weight decay"));
    }
}
