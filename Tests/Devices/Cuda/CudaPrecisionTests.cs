using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Engine.Tuning;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>
/// The precisions of a GPU follow from its compute capability, and <c>cuda</c> gives way to <c>cuda-c</c> for all but one.
/// </summary>
public sealed class CudaPrecisionTests
{
    private static readonly Precision[] Reduced = [Precision.TF32, Precision.BFloat16];

    [TestCase(75, false)]
    [TestCase(79, false)]
    [TestCase(80, true)]
    [TestCase(89, true)]
    [TestCase(90, true)]
    public void UnitsTakeThemFromCapability80(int capability, bool has)
    {
        FakeCuda fake = Fake(capability);
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(fake.Api, fake.Compilers);
        using Device device = CudaCKind.Open(devices, () => [], 0);
        Assert.That(Precisions.All.Where(device.Supports), Is.EqualTo(has ? Precisions.All : [Precision.Float32]));
        Assert.That(CudaCKind.Listings(devices, () => []).Single().Precisions, Is.EqualTo(Precisions.All.Where(device.Supports)));
        Assert.That(IlgpuCudaKind.Listings(devices).Single().Precisions, Is.EqualTo(new[] { Precision.Float32 }));
        foreach (Precision precision in Reduced.Where(precision => !device.Supports(precision)))
            OneLine.Thrown(() => device.Require(precision), "cuda-c:0", "fp32 only", precision.Name(), "capability 8.0");
    }

    [Test]
    public void CudaOpensItsTwinForAnotherPrecision([Values(Precision.TF32, Precision.BFloat16)] Precision precision)
    {
        FakeCuda fake = Fake(90);
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(fake.Api, fake.Compilers);
        using Device device = IlgpuCudaKind.Open(devices, 0, precision), direct = CudaCKind.Open(devices, () => [], 0);
        Assert.That((device.Name, device.GetType(), device.Supports(precision)), Is.EqualTo(("cuda-c:0", typeof(CudaDevice), true)));
        Assert.That(device.Description, Is.EqualTo($"{direct.Description}; instead of cuda:0, which computes in fp32 only"));
        Assert.That(AlgorithmTable.Load(device, "folder").Path, Is.EqualTo(AlgorithmTable.Load(direct, "folder").Path),
            "measurements are of the GPU, however it was asked for");
    }

    [Test]
    public void AnOlderGpuIsRefusedAsItWasAskedFor()
    {
        FakeCuda fake = Fake(75);
        foreach (Precision precision in Reduced)
            Assert.That(() => IlgpuCudaKind.Open(CudaDevices.List(fake.Api, fake.Compilers), 0, precision),
                Throws.TypeOf<UnsupportedPrecisionException>().With.Message.Contains("The device cuda:0 (Fake GPU 0"));
    }

    [Test]
    public void WithoutNvrtcTheTwinIsMissingAndTheReasonIsGiven()
    {
        FakeCuda fake = Fake(90);
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(fake.Api, FakeCuda.With("libnosuchnvrtc.so"));
        Assert.That(() => IlgpuCudaKind.Open(devices, 0, Precision.BFloat16), Throws.TypeOf<DeviceUnavailableException>()
            .With.Message.Contains("'cuda:0'").And.Message.Contains("cuda-c:0").And.Message.Contains("NVRTC")
            .And.Message.Not.Contains("\n"));
    }

    /// <summary>A batch that memory holds at bfloat16 alone is halved at float32.</summary>
    [Test]
    public void TheBatchThatFitsFollowsFromThePrecision()
    {
        const int Batch = 32;
        FakeCuda fake = Fake(90);
        var network = new Network("net",
            new Sequential { { "a", new Conv2d(32, 3, padding: 1) }, new ReLU(), { "b", new Conv2d(32, 3, padding: 1) }, new Flatten(),
                { "fc", new Linear(4) } }, Shape.Volume(3, 32, 32));
        long[] bytes = [.. new[] { Precision.Float32, Precision.BFloat16 }.Select(precision =>
        {
            using Device device = CudaCKind.Open(CudaDevices.List(fake.Api, fake.Compilers), () => [], 0);
            using ParameterStore parameters = device.CreateParameters(network, training: true);
            using var plan = new Plan(parameters, TrainingPlans.Options(Settings(precision), new SoftmaxCrossEntropy()));
            return plan.TotalBytes;
        })];
        fake.Set("memory", (bytes[0] + bytes[1]) / 2);
        using Device small = CudaCKind.Open(CudaDevices.List(fake.Api, fake.Compilers), () => [], 0);
        TrainingSettings whole = TrainingSize.Fit(network, small, Settings(Precision.BFloat16), 1000),
            halved = TrainingSize.Fit(network, small, Settings(Precision.Float32), 1000);
        Assert.That((whole.Batch, whole.Accumulate, halved.Batch, halved.Accumulate), Is.EqualTo((Batch, 1, Batch / 2, 2)));

        static TrainingSettings Settings(Precision precision) => new() { Batch = Batch, Precision = precision };
    }

    private static FakeCuda Fake(int capability)
    {
        var fake = new FakeCuda();
        fake.Set("capability", capability);
        return fake;
    }
}
