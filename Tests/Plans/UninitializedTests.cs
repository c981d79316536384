using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>A store whose weights were never drawn or set is refused, not run as zeros.</summary>
public sealed class UninitializedTests
{
    private static readonly Shape Input = Shape.Volume(3, 8, 8);

    private static Network Network() => new("small", new Sequential
    {
        new Conv2d(4, 3, bias: false), new BatchNorm2d(), new ReLU(), new Flatten(), new Linear(3),
    }, Input);

    [Test]
    public void EveryWayToRunAPlanIsRefused()
    {
        using var device = new CpuDevice(threads: 1);
        using ParameterStore parameters = device.CreateParameters(Network(), training: true);
        using var plan = new Plan(parameters,
            new() { Images = 2, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd() });
        var batch = new Batch(Input, 2) { Count = 2 };
        foreach (Action run in (Action[])
        [
            () => plan.Train(batch, 0.1f, 1, 0), () => plan.ComputeGradients(batch), () => plan.Evaluate(batch), () => plan.Infer(batch),
        ])
            OneLine.Thrown(run, "small", "Initialize(seed)", "SetWeights");
        Assert.That(device.AllocatedBytes, Is.Zero);
        // What was refused runs once the weights are there.
        parameters.Initialize(seed: 1);
        Assert.That(plan.Train(batch, 0.1f, 1, 0).Loss, Is.Positive);
    }

    [Test]
    public void OneMissingParameterIsNamed()
    {
        using var device = new CpuDevice(threads: 1);
        Network network = Network();
        foreach (Parameter missing in network.Parameters)
        {
            using ParameterStore parameters = device.CreateParameters(network, training: false);
            foreach (Parameter parameter in network.Parameters.Where(parameter => parameter != missing))
                parameters.SetWeights(parameter, new([.. parameter.Spec.Dimensions]));
            using var plan = new Plan(parameters, new() { Images = 1 });
            OneLine.Thrown(() => plan.Infer(new(Input, 1) { Count = 1 }), missing.Path);
            OneLine.Thrown(() => parameters.GetWeights(missing), missing.Path);
            OneLine.Thrown(() => _ = parameters.ExportWeights().ToList(), missing.Path);
            parameters.SetWeights(missing, new([.. missing.Spec.Dimensions]));
            Assert.That(() => plan.Infer(new(Input, 1) { Count = 1 }), Throws.Nothing);
        }
    }

    [Test]
    public void AStoreThatWasEmptiedIsRefusedAgain()
    {
        using var device = new CpuDevice(threads: 1);
        ParameterStore parameters = device.CreateParameters(Network(), training: false);
        parameters.Initialize(seed: 1);
        parameters.Dispose();
        using var plan = new Plan(parameters, new() { Images = 1 });
        OneLine.Thrown(() => plan.Infer(new(Input, 1) { Count = 1 }), "Initialize(seed)");
    }
}
