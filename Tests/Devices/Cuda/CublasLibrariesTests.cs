using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Tests.Layers;
using ILGPU.Algorithms;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Checks which of a machine's cuBLAS libraries is taken, and the message if there is none.</summary>
public sealed class CublasLibrariesTests
{
    private const int Driver = 12040, Hopper = 90;

    [Test]
    public void PythonPackagesAreSearched()
    {
        using var folder = new TemporaryFolder();
        string full = Directory.CreateDirectory(folder["venv", "lib", "python3.12", "site-packages", "nvidia", "cublas", "lib"]).FullName;
        File.Copy(Library(12, 4), Path.Combine(full, "libcublas.so.12"));
        File.WriteAllText(Path.Combine(full, "libcublasLt.so.12"), "no library");
        var libraries = new CublasLibraries(["libnosuch.so"],
            () => CudaLibraryFolders.Of("cublas", name => name == "VIRTUAL_ENV" ? folder["venv"] : null, folder.Path));
        CublasLibrary? library = libraries.Find(Driver, Hopper, out string reason);
        Assert.That((library?.Version, library?.Path, $"{library}", reason),
            Is.EqualTo((12040, Path.Combine(full, "libcublas.so.12"), "cuBLAS 12.4", "")));
    }

    [Test]
    public void LibraryNewerThanTheDriverIsSkipped()
    {
        Assert.That(With(Library(13, 0), Library(12, 9)).Find(Driver, Hopper, out _)?.Version, Is.EqualTo(12090),
            "of the driver's major version");
        Assert.That(With(Library(13, 0)).Find(Driver, Hopper, out string reason), Is.Null);
        Assert.That(reason, Does.StartWith("cuBLAS 13.0 (").And.Contain("is newer than the driver, which has CUDA 12.4")
            .And.Contain("pip install nvidia-cublas-cu12").And.Not.Contain("\n"));
    }

    [Test]
    public void LibraryWithoutTheDeviceIsSkipped()
    {
        Assert.That(With(Library(13, 0), Library(12, 4)).Find(13000, 61, out _)?.Version, Is.EqualTo(12040));
        Assert.That(With(Library(13, 0)).Find(13000, 61, out string reason), Is.Null);
        Assert.That(reason, Does.Contain("supports compute capability 7.5 or later, not 6.1")
            .And.Contain("pip install nvidia-cublas-cu12"));
    }

    [Test]
    public void MissingLibrarySaysWhatToInstall()
    {
        Assert.That(With("libnosuch.so").Find(13000, Hopper, out string reason), Is.Null);
        Assert.That(reason, Does.StartWith("cuBLAS was not found").And.Contain("pip install nvidia-cublas ").And.Not.Contain("\n"));
    }

    [TestCase("WITHOUT_PROPERTY", "has no cublasGetProperty")]
    [TestCase("SILENT", "does not report its version: status 1")]
    public void LibraryWithoutVersionIsNamed(string definition, string problem)
    {
        string path = FakeLibrary.PathOf("fake_cublas", definition);
        Assert.That(With(path).Find(Driver, Hopper, out string reason), Is.Null);
        Assert.That(reason, Does.Contain(path).And.Contain(problem));
    }

    /// <summary>ILGPU imports the version that it knows; the functions it calls are the same in all versions.</summary>
    [Test]
    public void ImportsResolveToTheTakenLibrary()
    {
        CublasLibraries libraries = With(Library(12, 4), Library(11, 8));
        Assert.That(libraries.Resolve("libcublas.so.12"), Is.EqualTo((nint)0), "nothing is taken yet");
        CublasLibrary library = libraries.Find(Driver, Hopper, out _)!;
        Assert.Multiple(() =>
        {
            foreach (string import in (string[])["libcublas.so.12", "libcublas.so.10", "cublas64_11.dll"])
                Assert.That(libraries.Resolve(import), Is.EqualTo(library.Handle), import);
            Assert.That(libraries.Resolve("libcufft.so.11"), Is.EqualTo((nint)0));
            Assert.That(libraries.Find(Driver, 61, out _), Is.SameAs(library), "one per process");
            Assert.That(libraries.Find(11080, 61, out string reason), Is.Null, "even if another device would need another library");
            Assert.That(reason, Does.Contain("newer than the driver"));
        });
    }

    [Test]
    public void DevicesReportWhetherItWasFound()
    {
        var fake = new FakeCuda();
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(fake.Api, fake.Compilers);
        DeviceListing found = IlgpuCudaKind.Listings(devices, With(Library(12, 4))).Single(),
            missing = IlgpuCudaKind.Listings(devices, With("libnosuch.so")).Single();
        Assert.That((found.ProductLibrary, found.Reason), Is.EqualTo(("cuBLAS 12.4 found", (string?)null)));
        Assert.That(missing.ProductLibrary, Does.StartWith("cuBLAS was not found").And.Contain("pip install"));
        Assert.That(missing.Reason, Is.Null, "it is optional");
    }

    /// <summary>
    /// Calls the functions that ILGPU.Algorithms imports, from a copy of its assembly with its own resolver. Checks that the imports reach
    /// the library and that the arguments have BLAS's order.
    /// </summary>
    [Test]
    public unsafe void IlgpuImportsReachTheLibrary()
    {
        CublasLibraries libraries = With(Library(12, 4));
        CublasLibrary library = libraries.Find(Driver, Hopper, out _)!;
        var context = new AssemblyLoadContext("ILGPU's imports", isCollectible: true);
        Assembly assembly = context.LoadFromAssemblyPath(typeof(XMath).Assembly.Location);
        NativeLibrary.SetDllImportResolver(assembly, (name, _, _) => libraries.Resolve(name));
        Type type = assembly.GetType("ILGPU.Runtime.Cuda.API.CuBlasAPI", throwOnError: true)!;
        object api = type.GetMethod("Create", BindingFlags.Public | BindingFlags.Static)!.Invoke(null, [null])!;
        object?[] created = [null];
        Assert.That(Call("Create", created), Is.Zero);
        object handle = created[0]!;
        Assert.That(Call("SetMathMode", [handle, (int)CuBlasMathMode.DefaultMath]), Is.Zero);
        Assert.That(Ask("fake_cublas_math_mode"), Is.Zero, "strict float32");

        // C (2 x 3) = transposed(A) (2 x 4) B (4 x 3), each with another column pitch; eighths add up without rounding.
        const int M = 2, N = 3, K = 4, PitchA = 5, PitchB = 6, PitchC = 7;
        float[] a = Numbers.Eighths(M * PitchA, 1), b = Numbers.Eighths(N * PitchB, 2), c = Numbers.Eighths(N * PitchC, 3),
            expected = [.. c];
        for (int column = 0; column < N; column++)
            for (int row = 0; row < M; row++)
                for (int i = 0; i < K; i++) expected[row + column * PitchC] += a[i + row * PitchA] * b[i + column * PitchB];
        float one = 1;
        fixed (float* left = a, right = b, result = c)
        {
            object Address(float* address) => Pointer.Box(address, typeof(void*));
            Assert.That(Call("Sgemm_v2",
                [handle, (int)CuBlasOperation.Transpose, (int)CuBlasOperation.NonTranspose, M, N, K, Address(&one), Address(left),
                PitchA, Address(right), PitchB, Address(&one), Address(result), PitchC]), Is.Zero);
        }
        Assert.That(c, Is.EqualTo(expected));
        Assert.That(Call("Free", [handle]), Is.Zero);
        Assert.That(Ask("fake_cublas_live"), Is.Zero);
        context.Unload();

        int Ask(string function) => ((delegate* unmanaged<int>)NativeLibrary.GetExport(library.Handle, function))();

        int Call(string name, object?[] arguments)
        {
            MethodInfo method = type.GetMethod(name, BindingFlags.Public | BindingFlags.Instance)!;
            ParameterInfo[] parameters = method.GetParameters();
            for (int i = 0; i < arguments.Length; i++)
                if (parameters[i].ParameterType.IsEnum) arguments[i] = Enum.ToObject(parameters[i].ParameterType, arguments[i]!);
            return Convert.ToInt32(method.Invoke(api, arguments), CultureInfo.InvariantCulture);
        }
    }

    private static CublasLibraries With(params string[] paths) => new(paths, () => []);

    private static string Library(int major, int minor) => FakeLibrary.PathOf("fake_cublas", $"MAJOR={major}", $"MINOR={minor}");
}
