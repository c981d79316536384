using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Devices.Cuda;
using GpuCnn.Tests.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Ilgpu;

/// <summary>Checks memory, launches and names of the devices whose kernels ILGPU compiles.</summary>
public sealed class IlgpuDeviceTests
{
    private IlgpuOpenClDevice? _device;

    private IlgpuOpenClDevice Device => _device!;

    [SetUp]
    public void Open() => _device = IlgpuOpenClDevice.Open("opencl:0", IlgpuTestDevice.Require(), cache: new BinaryCache(null),
        memoryLimit: 64 << 20);

    [TearDown]
    public void Close() => _device?.Dispose();

    [Test]
    public void WrittenValuesAreRead()
    {
        using DeviceMemory memory = Device.Allocate(1000, "test");
        var zeros = new byte[1000];
        memory.Read<byte>(zeros);
        Assert.That(zeros, Is.All.Zero, "new memory holds zeros");
        memory.Write<float>([1, 2, 3], 400);
        memory.Write<int>([], 1000);
        var back = new float[4];
        memory.Read<float>(back, 396);
        Assert.That(back, Is.EqualTo(new float[] { 0, 1, 2, 3 }));
        Assert.That(() => memory.Write<float>([1], 1000), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => memory.View<double>(4, 1), Throws.ArgumentException.With.Message.Contains("multiple of 8 bytes"));
    }

    /// <summary>Three times what the memory holds that they go through.</summary>
    [Test]
    public void SmallValuesThatAreWrittenWithoutAWaitAreRead()
    {
        const int Values = 256;
        int writes = 3 * SmallValueRing.Bytes / (sizeof(int) * Values) + 1;
        using DeviceMemory memory = Device.Allocate(sizeof(int) * Values * writes, "test");
        var values = new int[Values];
        for (int i = 0; i < writes; i++)
        {
            for (int k = 0; k < Values; k++) values[k] = i * Values + k;
            memory.Write<int>(values, sizeof(int) * Values * i);
        }
        var back = new int[Values * writes];
        memory.Read<int>(back);
        Assert.That(back, Is.EqualTo(Enumerable.Range(0, back.Length)));
    }

    [Test]
    public void LossesAreReadWhileTheNextStepRuns()
    {
        using ParameterStore parameters = Device.CreateParameters(
            new Network("tiny", new Sequential { new Flatten(), { "fc", new Linear(3) } }, Shape.Volume(1, 4, 4)), training: false);
        parameters.Initialize(1);
        using var plan = new Plan(parameters, new() { Images = 2, Loss = new SoftmaxCrossEntropy(), UploadsAhead = true });
        var batch = new Batch(Shape.Volume(1, 4, 4), 2) { Count = 2 };
        Assert.That(plan.MostPending, Is.EqualTo(2));
        plan.BeginEvaluation(batch);
        batch.Images.AsSpan().Fill(1);
        plan.BeginEvaluation(batch);
        BatchResult zeros = plan.EndEvaluation(), ones = plan.EndEvaluation();
        Assert.That(zeros.Loss, Is.EqualTo(Math.Log(3)).Within(1e-6));
        Assert.That(ones.Loss, Is.Not.EqualTo(zeros.Loss));
    }

    [Test]
    public void ViewsMayBeginAnywhere()
    {
        using DeviceMemory memory = Device.Allocate(4096, "test");
        memory.Write<float>([.. Enumerable.Range(0, 1024).Select(i => (float)i)]);
        View<float> all = memory.View<float>(0, 1024), own = memory.View<float>(400, 100);
        using (PreparedLaunch launch = Device.Prepare(new AddInto(false, own.Slice(12, 5), all.Slice(603, 5), 5), new(1))) launch.Run();
        var result = new float[7];
        memory.Read<float>(result, 4 * 602);
        Assert.That(result, Is.EqualTo(new float[] { 602, 603 + 112, 604 + 113, 605 + 114, 606 + 115, 607 + 116, 608 }));
        Assert.That(() => Device.Prepare(new AddInto(false, all, own, 100), new(1)),
            Throws.ArgumentException.With.Message.Contains("overlaps"));
    }

    [Test]
    public void DisposedMemoryIsReleased()
    {
        DeviceMemory first = Device.Allocate(1 << 20, "weights"), second = Device.Allocate(5, "labels");
        Assert.That((Device.AllocatedBytes, string.Join("; ", Device.LiveObjects)),
            Is.EqualTo(((1 << 20) + 5L, "labels, 5 bytes; weights, 1048576 bytes")));
        first.Dispose();
        second.Dispose();
        second.Dispose();
        Assert.That((Device.AllocatedBytes, Device.LiveObjects.Count), Is.EqualTo((0L, 0)));
        Assert.That(() => first.Read<byte>(new byte[1]), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void MoreThanTheDevicesMemoryIsRefusedInOneLine()
    {
        using DeviceMemory half = Device.Allocate(40 << 20, "half of it");
        DeviceOutOfMemoryException exception = Assert.Throws<DeviceOutOfMemoryException>(() => Device.Allocate(40 << 20, "a batch of 64"))!;
        Assert.Multiple(() =>
        {
            Assert.That(exception.Message, Does.Contain("'opencl:0'").And.Contain("needs 40 MiB for a batch of 64")
                .And.Contain("24 MiB are free").And.Not.Contain("\n"));
            Assert.That((exception.NeededBytes, exception.FreeBytes), Is.EqualTo((40L << 20, 24L << 20)));
            Assert.That(Device.AllocatedBytes, Is.EqualTo(40L << 20));
        });
    }

    [Test]
    public void AutoPrefersIlgpuDevicesToTheirTwins() => Assert.That(DeviceCatalog.Kinds.Select(kind => kind.Name),
        Is.EqualTo(new[] { "cuda", "opencl", "cuda-c", "opencl-c", "cpu", "debug", "ilgpu-cpu" }));

    /// <summary>Without the switch ILGPU refuses PoCL; the twin runs instead and says why in one line.</summary>
    [Test]
    public void TwinRunsARefusedDevice()
    {
        OpenClDeviceInfo info = OpenClTestDevice.Require();
        Environment.SetEnvironmentVariable(IlgpuOpenCl.AnyDevice, null);
        try
        {
            if (IlgpuOpenCl.Refusal(info) is not { } reason)
            {
                Assert.Ignore("ILGPU supports this machine's first OpenCL device.");
                return;
            }
            using Device device = DeviceCatalog.Open("opencl");
            DeviceListing listing = DeviceCatalog.List().First(listing => listing.Name == "opencl:0");
            Assert.Multiple(() =>
            {
                Assert.That(reason, Does.Contain("generic address space").And.Not.Contain("\n"));
                Assert.That((device.Name, device.GetType()), Is.EqualTo(("opencl-c:0", typeof(OpenClDevice))));
                Assert.That(device.Description, Does.StartWith(info.Description).And.EndWith($"instead of opencl:0: {reason}"));
                Assert.That((listing.IsUsable, listing.KernelCompiler), Is.EqualTo((true, device.KernelCompiler)));
                Assert.That(listing.Description, Does.Contain("as opencl-c:0").And.Contain(reason));
            });
        }
        finally
        {
            Environment.SetEnvironmentVariable(IlgpuOpenCl.AnyDevice, "1");
        }
    }

    /// <summary>ILGPU needs only the driver, not NVRTC.</summary>
    [Test]
    public void CudaWorksWithoutNvrtc()
    {
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(new FakeCuda().Api, FakeCuda.With("libnosuchnvrtc.so"));
        DeviceListing listing = IlgpuCudaKind.Listings(devices).Single();
        Assert.That((listing.Name, listing.IsUsable, listing.IsAutomatic, listing.KernelCompiler),
            Is.EqualTo(("cuda:0", true, true, "ILGPU 1.5.3 to PTX")));
        Assert.That(() => CudaDevices.Choose(devices, 3, "cuda", needsCompiler: false),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("'cuda:3'"));
    }

    [TestCase("cuda")]
    [TestCase("opencl")]
    [TestCase("ilgpu-cpu")]
    public void NumberOfThreadsIsRefused(string name) =>
        Assert.That(() => DeviceCatalog.Open(name, new() { Threads = 2 }),
            Throws.TypeOf<GpuCnnException>().With.Message.Contains("takes no number of threads"));
}
