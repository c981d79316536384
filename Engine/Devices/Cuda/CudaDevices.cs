using System.Runtime.InteropServices;
using System.Text;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Lists the machine's CUDA devices in the driver's order.</summary>
internal static unsafe class CudaDevices
{
    /// <summary>Returns all devices, including unusable ones.</summary>
    /// <exception cref="DeviceUnavailableException">There is no driver or no device.</exception>
    public static IReadOnlyList<CudaDeviceInfo> List(CudaApi? api = null, NvrtcLibraries? compilers = null)
    {
        api ??= CudaApi.Load();
        int code = api.Init(0), count = 0;
        if (code == CudaApi.Success)
        {
            Check(api, api.DeviceGetCount(&count), "cuDeviceGetCount");
            if (count == 0) code = CudaCodes.NoDevice;
        }
        if (code != CudaApi.Success) throw new DeviceUnavailableException(WhyNot(api, code));

        int driver;
        Check(api, api.DriverGetVersion(&driver), "cuDriverGetVersion");
        var devices = new CudaDeviceInfo[count];
        for (int i = 0; i < count; i++) devices[i] = Read(api, compilers ?? NvrtcLibraries.Machine, i, driver);
        return devices;
    }

    /// <summary>Returns the device at an index of <see cref="List"/>.</summary>
    /// <exception cref="DeviceUnavailableException">There is no such device, or it cannot be used.</exception>
    public static CudaDeviceInfo Find(int index, CudaApi? api = null, NvrtcLibraries? compilers = null) =>
        Choose(List(api, compilers), index);

    /// <param name="kind">Prefix of device names, before the index.</param>
    /// <param name="needsCompiler">Whether the device needs NVRTC.</param>
    internal static CudaDeviceInfo Choose(IReadOnlyList<CudaDeviceInfo> devices, int index, string kind = "cuda-c",
        bool needsCompiler = true)
    {
        if (index < 0 || index >= devices.Count)
        {
            string list = string.Join("; ", devices.Select((device, i) => $"{kind}:{i} is {device}"));
            throw new DeviceUnavailableException(
                $"There is no device '{kind}:{index}'; this machine has {devices.Count}: {list}. Ask for one of them.");
        }
        CudaDeviceInfo chosen = devices[index];
        return (needsCompiler ? chosen.Reason : chosen.DriverReason) is { } reason
            ? throw new DeviceUnavailableException(
                $"The device '{kind}:{index}' ({chosen.Description}) cannot be used: {reason}.")
            : chosen;
    }

    private static string WhyNot(CudaApi api, int code)
    {
        string visible = Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") is { } devices
            ? $" (CUDA_VISIBLE_DEVICES is '{devices}')" : "";
        return code switch
        {
            CudaCodes.NoDevice => $"The NVIDIA driver finds no GPU{visible}. Use the device cpu.",
            CudaCodes.StubLibrary => "The first CUDA library found is the toolkit's stub, not the driver's. "
                + "Remove its folder from LD_LIBRARY_PATH.",
            CudaCodes.InsufficientDriver => $"The NVIDIA driver is too old; {CudaDeviceInfo.NeededDriver} or later is needed. "
                + "Update the driver, or use the device cpu.",
            CudaCodes.DriverMismatch => "The NVIDIA driver was updated while in use: its library and its kernel module differ. "
                + "Restart the machine.",
            CudaCodes.SystemNotReady => "The NVIDIA driver is not ready yet. "
                + "Try again when its services (including nvidia-fabricmanager) have started.",
            _ => $"The NVIDIA driver does not start: cuInit gave {api.Describe(code)}. "
                + "Check that nvidia-smi works, or use the device cpu.",
        };
    }

    private static CudaDeviceInfo Read(CudaApi api, NvrtcLibraries compilers, int ordinal, int driver)
    {
        int handle;
        Check(api, api.DeviceGet(&handle, ordinal), "cuDeviceGet");
        int device = handle;
        const int NameBytes = 256;
        byte* name = stackalloc byte[NameBytes];
        Check(api, api.DeviceGetName(name, NameBytes, device), "cuDeviceGetName");
        nuint memory;
        Check(api, api.DeviceTotalMem(&memory, device), "cuDeviceTotalMem_v2");
        int Attribute(int attribute)
        {
            int value;
            Check(api, api.DeviceGetAttribute(&value, attribute, device), "cuDeviceGetAttribute");
            return value;
        }

        int capability = 10 * Attribute(75) + Attribute(76);
        NvrtcTarget? compiler = compilers.Find(driver, capability, out string reason);
        // CU_DEVICE_ATTRIBUTE_... in cuda.h, each named by the property it fills.
        return new CudaDeviceInfo
        {
            Api = api,
            Handle = device,
            Name = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)),
            MemoryBytes = (long)memory,
            ComputeCapability = capability,
            DriverVersion = driver,
            ComputeMode = (CudaComputeMode)Attribute(20),
            Multiprocessors = Attribute(16),
            MaxGroupSize = Attribute(1),
            MaxGroup = new Size3(Attribute(2), Attribute(3), Attribute(4)),
            MaxGroups = new Size3(Attribute(5), Attribute(6), Attribute(7)),
            MaxSharedBytes = Attribute(97),
            Compiler = compiler,
            CompilerReason = reason,
        };
    }

    private static void Check(CudaApi api, int code, string call)
    {
        if (code != CudaApi.Success)
            throw new DeviceCallException(
                $"{call} failed: {api.Describe(code)}. The NVIDIA driver may be damaged; reinstall it.", call, code);
    }
}
