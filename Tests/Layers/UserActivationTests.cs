using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>An activation of another assembly gives the same bits as the same one in Kernels, on devices that compile C#.</summary>
public sealed class UserActivationTests
{
    private static readonly Shape Input = Shape.Volume(3, 9, 7);

    private static IEnumerable<DeviceUnderTest> Translating => DeviceUnderTest.All.Where(device => device.Translates);

    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.TakingUserFunctions))]
    public void GivesTheBitsOfTheSameFunctionInKernels(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using TestNetwork own = Run(device, new LeakyReLU(0.125f)), user = Run(device, new UserLeaky(0.125f));
        Closeness.CheckSameBits($"{test}: output", user.ReadOutput(), own.ReadOutput());
        Closeness.CheckSameBits($"{test}: input gradient", user.ReadInputGradient(), own.ReadInputGradient());
        foreach (string path in own.Network.Learned.Select(parameter => parameter.Path))
            Closeness.CheckSameBits($"{test}: gradient of {path}", user.Gradient(path), own.Gradient(path));
    }

    [TestCaseSource(nameof(Translating))]
    public void IsRefusedByDevicesThatTranslateKernels(DeviceUnderTest test)
    {
        using Device device = test.Make();
        Assert.That(() => Run(device, new UserLeaky(0.125f)).Dispose(), Throws.TypeOf<NotSupportedException>().With.Message.Match(
            @"^Kernel \w+ is not translated for LeakyFunction of GpuCnn\.Tests: only for structs of its own project that implement "
            + @"IPointwise and have no type parameters\. It runs as C#, and on devices that compile it through ILGPU\.$"));
    }

    /// <summary>Fused into a convolution, into a norm with an addition, and into a fully connected layer; and on its own.</summary>
    private static TestNetwork Run(Device device, Activation activation)
    {
        var layers = new Sequential
        {
            { "conv", new Conv2d(8, 3, padding: 1) }, activation,
            new Residual(new Sequential { { "inner", new Conv2d(8, 3, padding: 1) }, { "norm", new BatchNorm2d() } }), activation,
            new MaxPool2d(2, 2), activation, new Flatten(), { "linear", new Linear(5) }, activation,
        };
        var options = new PlanOptions { Images = 3, Training = true, InputGradient = true, Loss = new ProjectionLoss() };
        var network = new TestNetwork(device, layers, Input, options);
        network.Parameters.Initialize(seed: 5);
        network.Plan.ComputeGradients(network.Batch);
        return network;
    }
}
