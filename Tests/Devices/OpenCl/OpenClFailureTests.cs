using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

/// <summary>Replaces one function of the driver by one that fails, which a healthy driver never does on request.</summary>
public sealed unsafe class OpenClFailureTests : OpenClFixture
{
    private static int _code;
    private static int _released;

    [TestCase(OpenClCodes.PlatformNotFound)]
    [TestCase(OpenClApi.Success)]
    public void WithoutADriverTheMessageSaysWhatToInstall(int code)
    {
        OpenClApi api = Failing("clGetPlatformIDs", (delegate* unmanaged<uint, nint*, uint*, int>)&NoPlatforms, code);
        Assert.That(() => OpenClPlatforms.Find(0, api), Throws.TypeOf<DeviceUnavailableException>()
            .With.Message.Contains("knows no driver").And.Message.Contains("device cpu"));
    }

    [TestCase(OpenClCodes.DeviceNotFound, "no device")]
    [TestCase(OpenClCodes.OutOfHostMemory, "clGetDeviceIDs failed: CL_OUT_OF_HOST_MEMORY (-6)")]
    public void DriverWithoutADeviceIsReported(int code, string expected)
    {
        OpenClApi api = Failing("clGetDeviceIDs", (delegate* unmanaged<nint, ulong, uint, nint*, uint*, int>)&NoDevices, code);
        Assert.That(() => OpenClPlatforms.Find(0, api), Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains(expected));
    }

    [Test]
    public void DeviceInExclusiveUseIsUnavailable()
    {
        OpenClApi api = Failing(
            "clCreateContext", (delegate* unmanaged<nint*, uint, nint*, void*, void*, int*, nint>)&NoContext,
            OpenClCodes.DeviceNotAvailable);
        Assert.That(
            () => new OpenClContext(Device with { Api = api }),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains(Device.Name));
    }

    [Test]
    public void FailedQueueFreesTheContext()
    {
        OpenClApi api = Failing(
            "clCreateCommandQueue", (delegate* unmanaged<nint, nint, ulong, int*, nint>)&NoQueue, OpenClCodes.OutOfHostMemory);
        Assert.That(() => new OpenClContext(Device with { Api = api }), Throws.TypeOf<DeviceCallException>()
            .With.Message.Contains("clCreateCommandQueue").And.Message.Contains("out of memory"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void ProgramWithAFailedLaunchIsNotSaved(bool noticedBefore)
    {
        using (OpenClContext context = On(Failing("clFinish", (delegate* unmanaged<nint, int>)&NoFinish, OpenClCodes.OutOfResources)))
        {
            using OpenClBuffer values = context.Allocate(64, "values");
            using OpenClKernel kernel = context.Programs.Get(Add()).CreateKernel();
            kernel.Set(0, values);
            kernel.Set(1, 0);
            kernel.Set(2, 1);
            kernel.Launch(new(1));
            if (noticedBefore) Assert.That(context.Finish, Throws.TypeOf<DeviceLostException>());
        }
        Assert.That(Directory.GetFiles(Folder), Is.Empty);
    }

    [TestCase(OpenClCodes.OutOfResources)]
    [TestCase(OpenClCodes.InvalidQueue)]
    public void LostDeviceNamesTheLastKernelAndClosesCleanly(int code)
    {
        using OpenClContext context = On(Failing("clFinish", (delegate* unmanaged<nint, int>)&NoFinish, code));
        using (OpenClBuffer values = context.Allocate(64, "values"))
        using (OpenClKernel kernel = context.Programs.Get(Add()).CreateKernel())
        {
            kernel.Set(0, values);
            kernel.Set(1, 0);
            kernel.Set(2, 1);
            kernel.Launch(new(1));
            Assert.That(context.Finish, Throws.TypeOf<DeviceLostException>()
                .With.Message.Contains("the last kernel launched was 'Add' (1 group of 16)")
                .And.Message.Contains("resume from the last checkpoint"));
        }
        Assert.That(context.LiveObjects, Is.Empty);
    }

    [TestCase(OpenClCodes.OutOfResources, "registers or local memory")]
    [TestCase(-55, "CL_INVALID_WORK_ITEM_SIZE (-55)")]
    public void FailedLaunchNamesKernelAndGrid(int code, string expected)
    {
        using OpenClContext context = On(Failing("clEnqueueNDRangeKernel",
            (delegate* unmanaged<nint, nint, uint, nuint*, nuint*, nuint*, uint, nint*, nint*, int>)&NoLaunch, code));
        using OpenClBuffer values = context.Allocate(64, "values");
        using OpenClKernel kernel = context.Programs.Get(Add()).CreateKernel();
        kernel.Set(0, values);
        kernel.Set(1, 0);
        kernel.Set(2, 1);
        Assert.That(() => kernel.Launch(new(3, 2)), Throws.TypeOf<DeviceCallException>()
            .With.Message.Contains("clEnqueueNDRangeKernel").And.Message.Contains("kernel 'Add' (3x2 groups of 16)")
            .And.Message.Contains(expected));
    }

    [TestCase(OpenClCodes.MemoryAllocationFailure)]
    [TestCase(OpenClCodes.OutOfResources)]
    [TestCase(OpenClCodes.OutOfHostMemory)]
    public void RefusedMemoryIsOutOfMemory(int code)
    {
        OpenClApi api = Failing("clCreateBuffer", (delegate* unmanaged<nint, ulong, nuint, void*, int*, nint>)&NoBuffer, code);
        using OpenClContext context = On(api);
        CheckRefusal(context, "clCreateBuffer");
        Assert.That(() => context.AllocateStaging(16, "batch"), Throws.TypeOf<DeviceOutOfMemoryException>());
        Assert.That(context.LiveObjects, Is.Empty);
    }

    [Test]
    public void MemoryMissingOnFirstUseIsOutOfMemory()
    {
        Func<string, nint> real = OpenClApi.Exports(OpenClApi.LibraryNames);
        _code = OpenClCodes.MemoryAllocationFailure;
        _released = 0;
        using OpenClContext context = On(new OpenClApi(name => name switch
        {
            "clEnqueueFillBuffer" => (nint)(delegate* unmanaged<nint, nint, void*, nuint, nuint, nuint, uint, nint*, nint*, int>)&NoFill,
            "clReleaseMemObject" => (nint)(delegate* unmanaged<nint, int>)&CountRelease,
            _ => real(name),
        }));
        CheckRefusal(context, "clEnqueueFillBuffer");
        Assert.That(_released, Is.EqualTo(1));
    }

    private static void CheckRefusal(OpenClContext context, string call)
    {
        DeviceOutOfMemoryException failure =
            Assert.Throws<DeviceOutOfMemoryException>(() => context.Allocate(3 << 20, "activations").Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(failure.Message, Does.Contain("3 MiB needed for activations").And.Contain(call).And.Contain("smaller batch"));
            Assert.That(failure.NeededBytes, Is.EqualTo(3 << 20));
            Assert.That(context.AllocatedBytes, Is.Zero);
            Assert.That(context.LiveObjects, Is.Empty);
        });
    }

    private static OpenClApi Failing(string function, void* replacement, int code)
    {
        _code = code;
        Func<string, nint> real = OpenClApi.Exports(OpenClApi.LibraryNames);
        return new OpenClApi(name => name == function ? (nint)replacement : real(name));
    }

    private OpenClContext On(OpenClApi api) => new(Device with { Api = api }, cache: new BinaryCache(Folder));

    [UnmanagedCallersOnly]
    private static int NoPlatforms(uint _1, nint* _2, uint* count)
    {
        if (count is not null) *count = 0;
        return _code;
    }

    [UnmanagedCallersOnly]
    private static int NoDevices(nint _1, ulong _2, uint _3, nint* _4, uint* count)
    {
        if (count is not null) *count = 0;
        return _code;
    }

    [UnmanagedCallersOnly]
    private static nint NoContext(nint* _1, uint _2, nint* _3, void* _4, void* _5, int* code)
    {
        *code = _code;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint NoQueue(nint _1, nint _2, ulong _3, int* code)
    {
        *code = _code;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int NoFinish(nint _1) => _code;

    [UnmanagedCallersOnly]
    private static nint NoBuffer(nint _1, ulong _2, nuint _3, void* _4, int* code)
    {
        *code = _code;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int NoFill(nint _1, nint _2, void* _3, nuint _4, nuint _5, nuint _6, uint _7, nint* _8, nint* _9) => _code;

    [UnmanagedCallersOnly]
    private static int NoLaunch(nint _1, nint _2, uint _3, nuint* _4, nuint* _5, nuint* _6, uint _7, nint* _8, nint* _9) => _code;

    [UnmanagedCallersOnly]
    private static int CountRelease(nint buffer)
    {
        _released++;
        return OpenClApi.Load().ReleaseMemObject(buffer);
    }
}
