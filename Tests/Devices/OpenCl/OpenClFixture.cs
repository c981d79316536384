using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Files;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

/// <summary>
/// Provides a context on the machine's first OpenCL device and an empty cache folder for each test. A test fails if it leaves objects
/// undisposed.
/// </summary>
public abstract class OpenClFixture
{
    private OpenClContext? _context;

    private protected OpenClDeviceInfo Device { get; private set; } = null!;

    private protected string Folder { get; private set; } = "";

    private protected OpenClContext Context => _context!;

    [SetUp]
    public void Open()
    {
        Device = OpenClTestDevice.Require();
        Folder = Directory.CreateTempSubdirectory("gpucnn-opencl-").FullName;
        _context = NewContext();
    }

    [TearDown]
    public void CloseAndLookForLeaks()
    {
        IReadOnlyList<string> live = _context?.LiveObjects ?? [];
        long bytes = _context?.AllocatedBytes ?? 0;
        _context?.Dispose();
        _context = null;
        if (Folder.Length > 0) Directory.Delete(Folder, recursive: true);
        Assert.Multiple(() =>
        {
            Assert.That(live, Is.Empty, "not disposed of");
            Assert.That(bytes, Is.Zero, "bytes still allocated");
        });
    }

    /// <summary>Creates a context with the test's cache folder, as another process would have it.</summary>
    private protected OpenClContext NewContext(bool profiling = true) => new(Device, profiling, new BinaryCache(Folder));

    private protected OpenClBuffer Filled<T>(T[] values, string what = "values") where T : unmanaged
    {
        OpenClBuffer buffer = Context.Allocate(values.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>(), what);
        buffer.Write<T>(values);
        return buffer;
    }

    private protected static T[] Read<T>(OpenClBuffer buffer, int count, long offset = 0) where T : unmanaged
    {
        var values = new T[count];
        buffer.Read<T>(values, offset);
        return values;
    }

    /// <summary>Returns a kernel that adds a number to each element from an offset on.</summary>
    private protected static OpenClSource Add(int group = 16, string options = "") => new(
        "Add", "__kernel void Add(__global int* values, int offset, int term) { values[offset + get_global_id(0)] += term; }",
        new(group), options);

    /// <summary>Runs <see cref="Add"/> once and checks the result.</summary>
    private protected static void RunAdd(OpenClContext context, OpenClSource source)
    {
        using OpenClBuffer values = context.Allocate(4 * 64, "values");
        using OpenClKernel kernel = context.Programs.Get(source).CreateKernel();
        kernel.Set(0, values);
        kernel.Set(1, 0);
        kernel.Set(2, 7);
        kernel.Launch(new(64 / source.Group.X));
        Assert.That(Read<int>(values, 64), Is.All.EqualTo(7));
    }
}
