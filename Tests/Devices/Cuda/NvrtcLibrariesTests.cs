using GpuCnn.Engine.Devices.Cuda;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Checks which of a machine's compilers is taken.</summary>
public sealed class NvrtcLibrariesTests
{
    private const int Driver = 12040;

    private string _root = "";

    [SetUp]
    public void MakeRoot() => _root = Directory.CreateTempSubdirectory("gpucnn-nvrtc-").FullName;

    [TearDown]
    public void DeleteRoot() => Directory.Delete(_root, recursive: true);

    [TestCase("usr/local/cuda-12.4/lib64")]
    [TestCase("usr/local/cuda/targets/x86_64-linux/lib")]
    [TestCase("usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib")]
    [TestCase("usr/local/lib/python3.11/site-packages/nvidia/cu13/lib")]
    [TestCase("usr/local/lib/python3.12/dist-packages/nvidia/cuda_nvrtc/lib")]
    [TestCase("home/.local/lib/python3.9/site-packages/nvidia/cuda_nvrtc/lib")]
    [TestCase("venv/lib/python3.12/site-packages/nvidia/cu13/lib")]
    [TestCase("venv/Lib/site-packages/nvidia/cuda_nvrtc/bin")]
    [TestCase("conda/lib")]
    [TestCase("path/lib64")]
    [TestCase("home-of-cuda/lib64")]
    public void ToolkitsAndPythonPackagesAreSearched(string folder)
    {
        string full = Directory.CreateDirectory(Path.Combine(_root, folder)).FullName;
        IEnumerable<string> found = CudaLibraryFolders.Of("cuda_nvrtc", Variable, _root);
        Assert.That(found, Does.Contain(full));
        // An environment's own library folder is searched too, if it exists.
        Assert.That(found.Count(), Is.EqualTo(folder.StartsWith("venv/lib/", StringComparison.Ordinal) ? 2 : 1));
    }

    [Test]
    public void AnEmptyMachineHasNoFolders() => Assert.That(CudaLibraryFolders.Of("cuda_nvrtc", _ => null, _root), Is.Empty);

    [Test]
    public void NewestLibraryOfAFolderIsLoaded()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_root, "lib")).FullName;
        File.Copy(Library(12, 2), Path.Combine(folder, "libnvrtc.so.12"));
        File.Copy(Library(11, 8), Path.Combine(folder, "libnvrtc.so.11.2"));
        File.WriteAllText(Path.Combine(folder, "libnvrtc.so.13"), "no library");
        File.WriteAllText(Path.Combine(folder, "libnvrtc-builtins.so.12.2"), "no library either");
        NvrtcTarget? target = new NvrtcLibraries(["libnosuch.so"], () => [folder]).Find(Driver, 90, out string reason);
        Assert.That((target?.Api.Version, target?.Option, reason), Is.EqualTo((12020, "--gpu-architecture=sm_90", "")));
        Assert.That(target!.Api.Path, Is.EqualTo(Path.Combine(folder, "libnvrtc.so.12")));
    }

    [Test]
    public void CompilerNewerThanTheDriverIsSkipped()
    {
        NvrtcTarget? target = FakeCuda.With(Library(13, 0), Library(12, 4)).Find(Driver, 90, out _);
        Assert.That(target?.Api.Version, Is.EqualTo(12040));
        Assert.That(FakeCuda.With(Library(13, 0)).Find(Driver, 90, out string reason), Is.Null);
        Assert.That(
            reason,
            Does.StartWith("NVRTC 13.0 (").And.Contain("is newer than the driver, which has CUDA 12.4")
                .And.Contain("pip install nvidia-cuda-nvrtc-cu12").And.Not.Contain("\n"));
    }

    /// <summary>Machine code of a later minor version runs, but its PTX does not.</summary>
    [Test]
    public void NewerMinorVersionServesOnlyArchitecturesItKnows()
    {
        NvrtcLibraries compilers = FakeCuda.With(Library(12, 8));
        Assert.That(compilers.Find(Driver, 90, out _)?.IsPtx, Is.False);
        Assert.That(compilers.Find(Driver, 87, out string reason), Is.Null);
        Assert.That(reason, Does.Contain("up to 8.6, and is newer than the driver"));
        Assert.That(compilers.Find(12080, 87, out _)?.Option, Is.EqualTo("--gpu-architecture=compute_86"));
    }

    [Test]
    public void CompilerWithoutTheDeviceIsSkipped()
    {
        string newer = FakeLibrary.PathOf("fake_nvrtc", "MAJOR=13", "MINOR=0", "ARCHITECTURES=75,80,90"), older = Library(12, 4);
        Assert.That(FakeCuda.With(newer, older).Find(13000, 61, out _)?.Option, Is.EqualTo("--gpu-architecture=compute_60"));
        Assert.That(FakeCuda.With(newer).Find(13000, 61, out string reason), Is.Null);
        Assert.That(
            reason,
            Does.Contain("compiles for compute capability 7.5 or later, not 6.1").And.Contain("pip install nvidia-cuda-nvrtc-cu12"));
    }

    [Test]
    public void MissingFunctionIsNamed()
    {
        string old = FakeLibrary.PathOf("fake_nvrtc", "WITHOUT_ARCHITECTURES");
        Assert.That(FakeCuda.With(old).Find(Driver, 90, out string reason), Is.Null);
        Assert.That(reason, Does.Contain("has no nvrtcGetNumSupportedArchs; version 11.2 or later is needed"));
    }

    private static string Library(int major, int minor) =>
        FakeLibrary.PathOf("fake_nvrtc", $"MAJOR={major}", $"MINOR={minor}", "ARCHITECTURES=50,60,70,75,80,86,90");

    private string? Variable(string name) => name switch
    {
        "HOME" => Path.Combine(_root, "home"),
        "VIRTUAL_ENV" => Path.Combine(_root, "venv"),
        "CONDA_PREFIX" => Path.Combine(_root, "conda"),
        "CUDA_PATH" => Path.Combine(_root, "path"),
        "CUDA_HOME" => Path.Combine(_root, "home-of-cuda"),
        _ => null,
    };
}
