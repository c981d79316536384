using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Runs on the machine's first CUDA device and checks what the fake driver cannot show.</summary>
public sealed class CudaHardwareTests
{
    private CudaContext? _context;
    private string _folder = "";

    private CudaContext Context => _context!;

    [SetUp]
    public void Open()
    {
        CudaDeviceInfo device = CudaTestDevice.Require();
        _folder = Directory.CreateTempSubdirectory("gpucnn-cuda-").FullName;
        _context = new CudaContext(device, new BinaryCache(_folder));
    }

    [TearDown]
    public void Close()
    {
        IReadOnlyList<string> live = _context?.LiveObjects ?? [];
        _context?.Dispose();
        _context = null;
        if (_folder.Length > 0) Directory.Delete(_folder, recursive: true);
        Assert.That(live, Is.Empty);
    }

    [Test]
    public void KernelAddsToWrittenValues()
    {
        int[] numbers = [.. Enumerable.Range(0, 1 << 16)];
        using CudaBuffer values = Context.Allocate(4L * numbers.Length, "values");
        Assert.That((long)values.Handle % 256, Is.Zero);
        Assert.That(Read(values, numbers.Length).AsSpan().IndexOfAnyExcept(0), Is.EqualTo(-1), "zeroed");
        values.Write<int>(numbers);
        using CudaKernel kernel = AddTo(values, 5, length: 1 << 14, offset: 4 << 10);
        kernel.Launch(new Size3((1 << 14) / 64));
        Assert.That(Read(values, numbers.Length), Is.EqualTo(numbers.Select(i => i is >= 1 << 10 and < (1 << 10) + (1 << 14) ? i + 5 : i)));
        Assert.That(kernel.Module.LocalBytes, Is.Zero);
        Assert.That(kernel.Module.Registers, Is.InRange(1, 255));
    }

    [Test]
    public void GraphRunsItsCommandsAtEachLaunch()
    {
        using CudaBuffer values = Context.Allocate(4 * 64, "values");
        using CudaKernel one = AddTo(values, 1, 64), ten = AddTo(values, 10, 64);
        using CudaGraph graph = CudaGraph.Capture(Context, "step", stream =>
        {
            one.Launch(new Size3(1), stream);
            values.Clear(0, 4, stream);
            ten.Launch(new Size3(1), stream);
        });
        Assert.That(Read(values, 64), Is.All.Zero);
        for (int i = 0; i < 3; i++) graph.Launch();
        Assert.That(Read(values, 64), Is.EqualTo(Enumerable.Range(0, 64).Select(i => i == 0 ? 10 : 33)));
    }

    [Test]
    public void CopiesThroughPinnedMemoryKeepTheirOrder()
    {
        const int Count = 1 << 20, Rounds = 4;
        using CudaStaging up = Context.AllocateStaging(4L * Count * Rounds, "up");
        using CudaStaging down = Context.AllocateStaging(4L * Count * Rounds, "down");
        using CudaBuffer buffer = Context.Allocate(4 * Count, "buffer");
        for (int round = 0; round < Rounds; round++)
        {
            up.Elements<int>(Count, 4L * Count * round).Fill(round + 1);
            buffer.BeginWrite(up, 4L * Count * round, 4 * Count);
            buffer.BeginRead(down, 4L * Count * round, 4 * Count);
        }
        using CudaEvent done = Context.Mark();
        done.Wait();
        Assert.That(done.IsComplete, Is.True);
        for (int round = 0; round < Rounds; round++)
            Assert.That(down.Elements<int>(Count, 4L * Count * round).IndexOfAnyExcept(round + 1), Is.EqualTo(-1), $"round {round}");
    }

    [Test]
    public void LaunchesHaveTimes()
    {
        using CudaBuffer values = Context.Allocate(4 << 20, "values");
        using CudaKernel kernel = AddTo(values, 1, 1 << 20);
        using CudaTiming timing = kernel.LaunchTimed(new Size3((1 << 20) / 64));
        Assert.That(timing.Duration(), Is.GreaterThan(TimeSpan.Zero).And.LessThan(TimeSpan.FromMinutes(1)));
    }

    [Test]
    public void SecondContextLoadsTheKernelFromDisk()
    {
        using CudaBuffer values = Context.Allocate(256, "values");
        AddTo(values, 1, 64).Dispose();
        using var second = new CudaContext(Context.Device, new BinaryCache(_folder));
        using CudaBuffer others = second.Allocate(256, "others");
        using CudaKernel kernel = AddTo(others, 2, 64);
        kernel.Launch(new Size3(1));
        Assert.That(Read(others, 64), Is.All.EqualTo(2));
        Assert.That((second.Modules.Builds, second.Modules.Loads), Is.EqualTo((0, 1)));
    }

    [Test]
    public void BuildFailureHasNvrtcsLog()
    {
        var broken = new CudaSource("Broken", "extern \"C\" __global__ void Broken(int* x) { *x = undeclared_name; }", new(1));
        Assert.That(
            () => Context.Modules.Get(broken),
            Throws.TypeOf<KernelBuildException>()
                .With.Message.Contains("undeclared_name").And.Property(nameof(KernelBuildException.Dialect)).EqualTo(KernelDialect.Cuda));
    }

    [Test]
    public void WrongArgumentsAreRefusedIfTheDriverReportsParameters()
    {
        if (Context.Device.DriverVersion < 12040) Assert.Ignore("The driver does not report a kernel's parameters; CUDA 12.4 does.");
        var none = new CudaArguments();
        Assert.That(
            () => Context.Modules.Get(Add).CreateKernel(none), Throws.InvalidOperationException.With.Message.Contains("[8, 4]"));
    }

    [Test]
    public void MoreThanTheDevicesMemoryIsRefused()
    {
        DeviceOutOfMemoryException failure =
            Assert.Throws<DeviceOutOfMemoryException>(() => Context.Allocate(Context.Device.MemoryBytes * 2, "the arena").Dispose())!;
        Assert.That(failure.FreeBytes, Is.InRange(1, Context.Device.MemoryBytes));
    }

    private static CudaSource Add { get; } = new(
        "Add",
        "extern \"C\" __global__ void __launch_bounds__(64) Add(int* values, int term) "
        + "{ values[blockIdx.x * 64 + threadIdx.x] += term; }",
        new(64));

    private static CudaKernel AddTo(CudaBuffer values, int term, int length, long offset = 0)
    {
        var arguments = new CudaArguments();
        arguments.Add(values.View<int>(length, offset));
        arguments.Add(term);
        return values.Context.Modules.Get(Add).CreateKernel(arguments);
    }

    private static int[] Read(CudaBuffer buffer, int count)
    {
        var values = new int[count];
        buffer.Read<int>(values);
        return values;
    }
}
