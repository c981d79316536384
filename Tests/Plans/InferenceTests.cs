using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>A plan without a loss runs the forward pass of images that need no labels.</summary>
public sealed class InferenceTests
{
    private static readonly Shape Input = Shape.Volume(3, 20, 20);

    [Test]
    public void GivesTheOutputOfAnEvaluation([ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, new() { Images = 3 });
        network.Parameters.Initialize(1);
        network.Batch.Labels.AsSpan().Fill(-1);
        network.Plan.Infer(network.Batch);
        float[] inferred = network.ReadOutput();
        using var plan = new Plan(network.Parameters, new() { Images = 3, Loss = new SoftmaxCrossEntropy() });
        plan.Evaluate(network.Batch);
        var evaluated = new float[inferred.Length];
        plan.ReadOutput(evaluated);
        Assert.That(inferred, Has.Some.Not.Zero);
        Closeness.CheckSameBits("the output", inferred, evaluated);
        plan.Infer(network.Batch);
        plan.ReadOutput(evaluated);
        Closeness.CheckSameBits("the output of a plan with a loss", inferred, evaluated);
    }

    [Test]
    public void ALossIsAskedForWhereOneIsNeeded()
    {
        using var device = new CpuDevice(1);
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, new() { Images = 1 });
        Assert.That(network.Plan.Steps, Has.None.Contains("cross-entropy"));
        Assert.That(() => network.Plan.Evaluate(network.Batch), Throws.InvalidOperationException.With.Message.Contains("without a loss"));
        using ParameterStore training = device.CreateParameters(network.Network, training: true);
        Assert.That(() => new Plan(training, new() { Images = 1, Training = true }),
            Throws.ArgumentException.With.Message.Contains("a loss"));
        Assert.That(() => new Plan(network.Parameters, new() { Images = 1, MixedLabels = true }), Throws.ArgumentException);
    }
}
