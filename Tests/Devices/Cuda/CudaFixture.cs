using System.Runtime.CompilerServices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>
/// Provides a context on a fake device and an empty cache folder for each test. A test fails if it leaves objects undisposed or does
/// something that a real driver leaves undefined.
/// </summary>
public abstract class CudaFixture
{
    private CudaContext? _context;

    private protected FakeCuda Fake { get; private set; } = null!;

    private protected CudaDeviceInfo Device { get; private set; } = null!;

    private protected string Folder { get; private set; } = "";

    private protected CudaContext Context => _context!;

    [SetUp]
    public void Open()
    {
        Fake = new FakeCuda();
        Device = Fake.Device();
        Folder = Directory.CreateTempSubdirectory("gpucnn-cuda-").FullName;
        _context = NewContext();
    }

    [TearDown]
    public void CloseAndLookForLeaks()
    {
        if (_context is null) return;
        IReadOnlyList<string> live = _context.LiveObjects;
        long bytes = _context.AllocatedBytes;
        _context.Dispose();
        _context = null;
        Directory.Delete(Folder, recursive: true);
        Assert.Multiple(() =>
        {
            Assert.That(live, Is.Empty, "not disposed of");
            Assert.That(bytes, Is.Zero, "bytes still allocated");
            Assert.That(Fake.Problems, Is.Empty);
            Assert.That(Fake.Live, Is.Zero, "handles and memory of the driver");
            Assert.That(Fake.Retained(0), Is.Zero, "contexts");
        });
    }

    /// <summary>Creates a context with the test's cache folder, as another process would have it.</summary>
    private protected CudaContext NewContext() => new(Device, new BinaryCache(Folder));

    private protected CudaBuffer Filled<T>(T[] values, string what = "values") where T : unmanaged
    {
        CudaBuffer buffer = Context.Allocate(values.Length * Unsafe.SizeOf<T>(), what);
        buffer.Write<T>(values);
        return buffer;
    }

    private protected static T[] Read<T>(CudaBuffer buffer, int count, long offset = 0) where T : unmanaged
    {
        var values = new T[count];
        buffer.Read<T>(values, offset);
        return values;
    }

    /// <summary>Returns a kernel that adds a number to each element.</summary>
    private protected static CudaSource Add(int group = 16, string options = "") => new(
        "Add",
        $"extern \"C\" __global__ void __launch_bounds__({group}) Add(int* values, int term) "
        + $"{{ values[blockIdx.x * {group} + threadIdx.x] += term; }}",
        new(group), Options: options);

    private protected static CudaKernel AddTo(CudaBuffer values, int term, int length, long offset = 0, int group = 16)
    {
        var arguments = new CudaArguments();
        arguments.Add(values.View<int>(length, offset));
        arguments.Add(term);
        return values.Context.Modules.Get(Add(group)).CreateKernel(arguments);
    }

    /// <summary>Runs a source that adds once, and checks the result.</summary>
    private protected static void RunAdd(CudaContext context, CudaSource source)
    {
        using CudaBuffer values = context.Allocate(4 * 64, "values");
        var arguments = new CudaArguments();
        arguments.Add(values.View<int>(64));
        arguments.Add(7);
        using CudaKernel kernel = context.Modules.Get(source).CreateKernel(arguments);
        kernel.Launch(new Size3(64 / source.Group.X));
        Assert.That(Read<int>(values, 64), Is.All.EqualTo(7));
    }
}
