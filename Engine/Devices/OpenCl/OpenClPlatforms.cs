using System.Runtime.InteropServices;
using System.Text;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Lists the machine's OpenCL devices, in an order that does not depend on how drivers register.</summary>
internal static unsafe class OpenClPlatforms
{
    private const ulong AllDevices = 0xFFFFFFFF;

    /// <summary>Returns all devices, unusable ones last.</summary>
    /// <exception cref="DeviceUnavailableException">There is no loader, no driver or no device.</exception>
    public static IReadOnlyList<OpenClDeviceInfo> List(OpenClApi? api = null)
    {
        api ??= OpenClApi.Load();
        uint count = 0;
        int code = api.GetPlatformIDs(0, null, &count);
        if (code == OpenClCodes.PlatformNotFound || (code == OpenClApi.Success && count == 0))
        {
            throw new DeviceUnavailableException(
                "The OpenCL loader knows no driver. Install the driver of the GPU, or PoCL (pocl-opencl-icd) to run on the processor, "
                + "or use the device cpu.");
        }
        Check(code, "clGetPlatformIDs");
        var platforms = new nint[count];
        fixed (nint* first = platforms) Check(api.GetPlatformIDs(count, first, null), "clGetPlatformIDs");

        var devices = new List<OpenClDeviceInfo>();
        var problems = new List<string>();
        foreach (nint platform in platforms)
        {
            // A broken driver must not hide the others.
            try
            {
                foreach (nint device in Devices(api, platform)) devices.Add(Read(api, platform, device));
            }
            catch (DeviceCallException exception)
            {
                problems.Add(exception.Message);
            }
        }
        if (devices.Count == 0)
        {
            string what = count == 1 ? "1 OpenCL driver of this machine offers" : $"{count} OpenCL drivers of this machine offer";
            throw new DeviceUnavailableException(string.Join(' ', problems.Prepend($"The {what} no device; use the device cpu.")));
        }
        return InOrder(devices);
    }

    /// <summary>Returns the device at an index of <see cref="List"/>.</summary>
    /// <exception cref="DeviceUnavailableException">There is no such device, or it cannot be used.</exception>
    public static OpenClDeviceInfo Find(int index, OpenClApi? api = null) => Choose(List(api), index);

    /// <param name="kind">Prefix of device names, before the index.</param>
    public static OpenClDeviceInfo Find(int index, string kind) => Choose(List(), index, kind);

    /// <summary>Orders usable devices first, GPUs before other processors, then by name.</summary>
    internal static IReadOnlyList<OpenClDeviceInfo> InOrder(IEnumerable<OpenClDeviceInfo> devices) =>
        [.. devices.OrderBy(device => !device.IsUsable).ThenBy(device => device.Type)
            .ThenBy(device => device.Platform, StringComparer.Ordinal)
            .ThenBy(device => device.Name, StringComparer.Ordinal).ThenBy(device => device.Version, StringComparer.Ordinal)];

    internal static OpenClDeviceInfo Choose(IReadOnlyList<OpenClDeviceInfo> devices, int index, string kind = "opencl-c")
    {
        if (index < 0 || index >= devices.Count)
        {
            string list = string.Join("; ", devices.Select((device, i) => $"{kind}:{i} is {device}"));
            throw new DeviceUnavailableException(
                $"There is no device '{kind}:{index}'; this machine has {devices.Count}: {list}. Ask for one of them.");
        }
        OpenClDeviceInfo chosen = devices[index];
        return chosen.Reason is { } reason
            ? throw new DeviceUnavailableException(
                $"The device '{kind}:{index}' ({chosen.Description}) cannot be used: {reason}.")
            : chosen;
    }

    private static nint[] Devices(OpenClApi api, nint platform)
    {
        uint count = 0;
        int code = api.GetDeviceIDs(platform, AllDevices, 0, null, &count);
        if (code == OpenClCodes.DeviceNotFound || (code == OpenClApi.Success && count == 0)) return [];
        Check(code, "clGetDeviceIDs");
        var devices = new nint[count];
        fixed (nint* first = devices) Check(api.GetDeviceIDs(platform, AllDevices, count, first, null), "clGetDeviceIDs");
        return devices;
    }

    private static OpenClDeviceInfo Read(OpenClApi api, nint platform, nint device)
    {
        string PlatformText(uint name) => Text(Bytes(api.GetPlatformInfo, platform, name, "clGetPlatformInfo"));
        byte[] Raw(uint name) => Bytes(api.GetDeviceInfo, device, name, "clGetDeviceInfo");
        // Reads size_t, cl_uint, cl_ulong and cl_bool: the driver reports the size, low byte first.
        long Number(uint name)
        {
            ulong number = 0;
            foreach (byte next in Raw(name).Reverse()) number = (number << 8) | next;
            return (long)Math.Min(number, long.MaxValue);
        }
        int Small(uint name) => (int)Math.Min(Number(name), int.MaxValue);

        // CL_DEVICE_MAX_WORK_ITEM_SIZES.
        nuint[] dimensions = MemoryMarshal.Cast<byte, nuint>(Raw(0x1005)).ToArray();
        int Dimension(int i) => i < dimensions.Length ? (int)Math.Min(dimensions[i], int.MaxValue) : 1;

        // CL_PLATFORM_... and CL_DEVICE_... in cl.h, each named by the property it fills.
        return new OpenClDeviceInfo
        {
            Api = api,
            PlatformHandle = platform,
            Handle = device,
            Platform = PlatformText(0x0902),
            PlatformVersion = PlatformText(0x0901),
            Name = Text(Raw(0x102B)),
            Vendor = Text(Raw(0x102C)),
            Version = Text(Raw(0x102F)),
            DriverVersion = Text(Raw(0x102D)),
            Type = (Number(0x1000) & 0xE) switch
            {
                var type when (type & 4) != 0 => OpenClDeviceType.Gpu,
                var type when (type & 8) != 0 => OpenClDeviceType.Accelerator,
                var type when (type & 2) != 0 => OpenClDeviceType.Cpu,
                _ => OpenClDeviceType.Other,
            },
            GlobalMemoryBytes = Number(0x101F),
            MaxAllocationBytes = Number(0x1010),
            LocalMemoryBytes = Number(0x1023),
            ComputeUnits = Small(0x1002),
            MaxGroupSize = Small(0x1004),
            MaxGroup = new OpenClSize(Dimension(0), Dimension(1), Dimension(2)),
            BaseAlignmentBytes = Small(0x1019) / 8,
            Extensions = Text(Raw(0x1030)).Split(' ', StringSplitOptions.RemoveEmptyEntries),
            IsAvailable = Number(0x1027) != 0,
            HasCompiler = Number(0x1028) != 0,
            IsLittleEndian = Number(0x1026) != 0,
            IsFullProfile = Text(Raw(0x102E)) == "FULL_PROFILE",
        };
    }

    private static byte[] Bytes(delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> get, nint handle, uint name, string call)
    {
        nuint size;
        Check(get(handle, name, 0, null, &size), call);
        var bytes = new byte[size];
        fixed (byte* first = bytes) Check(get(handle, name, size, first, null), call);
        return bytes;
    }

    /// <summary>Removes the final zero, and the spaces and line ends that some drivers pad names with.</summary>
    private static string Text(byte[] bytes) =>
        string.Join(' ', Encoding.UTF8.GetString(bytes).TrimEnd('\0').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static void Check(int code, string call)
    {
        if (code != OpenClApi.Success)
            throw new DeviceCallException(
                $"{call} failed: {OpenClCodes.Describe(code)}. The OpenCL driver may be damaged; reinstall it.", call, code);
    }
}
