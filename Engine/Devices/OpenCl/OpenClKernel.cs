using System.Text;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>A kernel and its arguments, which stay set between launches. Not thread-safe.</summary>
internal sealed unsafe class OpenClKernel : OpenClObject
{
    private const uint ArgumentCount = 0x1191;
    private const uint LargestGroup = 0x11B0;
    private const uint LocalBytes = 0x11B2;

    /// <summary>Marks an argument that is set and is not a buffer.</summary>
    private static readonly object Scalar = new();

    private readonly object?[] _arguments;

    internal OpenClKernel(OpenClContext context, OpenClProgram program)
        : base(context, Create(context, program), program.Source.Name)
    {
        Program = program;
        try
        {
            uint count;
            context.Check(Api.GetKernelInfo(Handle, ArgumentCount, sizeof(uint), &count, null), "clGetKernelInfo");
            _arguments = new object?[count];
            CheckGroup();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public OpenClProgram Program { get; }

    public int Arguments => _arguments.Length;

    public OpenClSize Group => Program.Source.Group;

    public void Set(int index, OpenClBuffer buffer)
    {
        if (buffer.Context != Context)
            throw new ArgumentException($"Buffer '{buffer.Name}' belongs to another context.", nameof(buffer));
        nint handle = buffer.Handle;
        Set(index, &handle, sizeof(nint), buffer);
    }

    /// <summary>Sets a number or a struct of numbers by its bytes.</summary>
    public void Set<T>(int index, T value) where T : unmanaged => Set(index, &value, sizeof(T), Scalar);

    /// <summary>Sets a null pointer for a buffer that the kernel does not use.</summary>
    public void SetNone(int index)
    {
        nint none = 0;
        Set(index, &none, sizeof(nint), Scalar);
    }

    /// <summary>Queues the kernel with <paramref name="groups"/> groups of <see cref="Group"/> threads.</summary>
    public void Launch(OpenClSize groups) => Enqueue(groups, null);

    /// <summary>Does the same as <see cref="Launch"/> and returns an event, owned by the caller.</summary>
    public OpenClEvent LaunchTimed(OpenClSize groups)
    {
        nint handle;
        Enqueue(groups, &handle);
        return new OpenClEvent(Context, handle, Name);
    }

    protected override void Release(nint handle) => _ = Api.ReleaseKernel(handle);

    private static nint Create(OpenClContext context, OpenClProgram program)
    {
        int code;
        nint handle;
        fixed (byte* name = Encoding.UTF8.GetBytes(program.Source.Name + '\0'))
            handle = context.Api.CreateKernel(program.Handle, name, &code);
        return code == OpenClApi.Success ? handle : throw context.Failure(code, "clCreateKernel", program.Source.Name);
    }

    /// <summary>Checks that groups of this size fit the registers and local memory of the compiled kernel.</summary>
    private void CheckGroup()
    {
        nuint largest;
        ulong local;
        nint device = Context.Device.Handle;
        Context.Check(
            Api.GetKernelWorkGroupInfo(Handle, device, LargestGroup, (nuint)sizeof(nuint), &largest, null), "clGetKernelWorkGroupInfo");
        Context.Check(
            Api.GetKernelWorkGroupInfo(Handle, device, LocalBytes, sizeof(ulong), &local, null), "clGetKernelWorkGroupInfo");
        OpenClSize most = Context.Device.MaxGroup;
        if (!Group.IsPositive || Group.Count > (long)largest || Group.X > most.X || Group.Y > most.Y || Group.Z > most.Z)
        {
            throw new DeviceUnavailableException(
                $"Kernel '{Name}' expects groups of {Group} threads, but the OpenCL device '{Context.Device.Name}' "
                + $"runs it with at most {largest} ({most} in each dimension). Use another device.");
        }
        if (local > (ulong)Context.Device.LocalMemoryBytes)
        {
            throw new DeviceUnavailableException(
                $"Kernel '{Name}' expects {local} bytes of local memory, but the OpenCL device '{Context.Device.Name}' "
                + $"has {Context.Device.LocalMemoryBytes}. Use another device.");
        }
    }

    private void Set(int index, void* value, int bytes, object argument)
    {
        int code = Api.SetKernelArg(Handle, (uint)index, (nuint)bytes, value);
        if (code != OpenClApi.Success)
            throw Context.Failure(code, "clSetKernelArg", Name, $"argument {index} of {Arguments}, {bytes} bytes");
        _arguments[index] = argument;
    }

    private void Enqueue(OpenClSize groups, nint* completion)
    {
        if (!groups.IsPositive)
            throw new ArgumentOutOfRangeException(nameof(groups), groups, $"Kernel '{Name}' needs at least one group in each dimension.");
        // Without these checks, a lenient driver would let the kernel access invalid memory.
        for (int i = 0; i < _arguments.Length; i++)
        {
            if (_arguments[i] is null) throw new InvalidOperationException($"Argument {i} of kernel '{Name}' is not set.");
            if (_arguments[i] is OpenClBuffer { IsDisposed: true } buffer)
                throw new ObjectDisposedException(buffer.Name, $"Argument {i} of kernel '{Name}' is a buffer that was disposed of.");
        }
        nuint* global = stackalloc nuint[]
        {
            (nuint)groups.X * (nuint)Group.X, (nuint)groups.Y * (nuint)Group.Y, (nuint)groups.Z * (nuint)Group.Z,
        };
        nuint* local = stackalloc nuint[] { (nuint)Group.X, (nuint)Group.Y, (nuint)Group.Z };
        int code = Api.EnqueueNDRangeKernel(Context.Queue, Handle, 3, null, global, local, 0, null, completion);
        if (code != OpenClApi.Success)
            throw Context.Failure(code, "clEnqueueNDRangeKernel", Name, OpenClContext.Shape(groups, Group));
        Context.Launched(Program.Source, groups);
        Context.Programs.Launched(Program);
    }
}
