namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>The driver's error codes that the engine handles. The driver gives their names.</summary>
internal static class CudaCodes
{
    public const int InvalidValue = 1;
    public const int OutOfMemory = 2;
    public const int StubLibrary = 34;
    public const int InsufficientDriver = 35;
    public const int DeviceUnavailable = 46;
    public const int NoDevice = 100;
    public const int InvalidImage = 200;
    public const int ContextInUse = 216;
    public const int NotReady = 600;
    public const int IllegalAddress = 700;
    public const int LaunchOutOfResources = 701;
    public const int LaunchTimeout = 702;
    public const int MisalignedAddress = 716;
    public const int SystemNotReady = 802;
    public const int DriverMismatch = 803;
    public const int Unknown = 999;

    /// <summary>Whether every later call in the process fails because the context is lost.</summary>
    public static bool IsLoss(int code) => code switch
    {
        // Hardware: uncorrectable memory error, broken link, contained error, removed device.
        214 or 220 or 226 or 911 => true,
        // Kernel: illegal address, time-out, assertion, stack, instruction, alignment, address space, counter, unspecified, tensor memory.
        IllegalAddress or LaunchTimeout or 710 or >= 714 and <= 719 or 721 => true,
        // The context was destroyed, the driver is shutting down, its server ended, or the cause is unknown.
        4 or 201 or 709 or 805 or 810 or Unknown => true,
        _ => false,
    };
}
