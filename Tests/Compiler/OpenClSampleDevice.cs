using System.Runtime.InteropServices;
using System.Text;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>The first OpenCL device, for the text of one kernel at a time: it compiles, copies all buffers there, runs, and copies them back.</summary>
public sealed unsafe class OpenClSampleDevice : SampleDevice
{
    private const string Library = "libOpenCL.so.1";
    private const ulong AllKinds = 0xFFFFFFFF, ReadWrite = 1;
    private const uint BuildLog = 0x1183;

    private readonly nint _device, _context, _queue;

    public OpenClSampleDevice()
    {
        try
        {
            nint platform, device;
            if (clGetPlatformIDs(1, &platform, null) != 0 || clGetDeviceIDs(platform, AllKinds, 1, &device, null) != 0) Missing("there is no OpenCL device");
            else
            {
                int error;
                _device = device;
                _context = clCreateContext(null, 1, &device, 0, 0, &error);
                Check(error, "clCreateContext");
                _queue = clCreateCommandQueue(_context, device, 0, &error);
                Check(error, "clCreateCommandQueue");
            }
        }
        catch (DllNotFoundException)
        {
            Missing($"{Library} is not installed");
        }
    }

    internal override void Run<TKernel>(TKernel kernel, Size3 groups)
    {
        nint program = Build(KernelText.Source(kernel, KernelDialect.OpenCl));
        int error;
        nint entry = clCreateKernel(program, TKernel.Text.Name, &error);
        Check(error, "clCreateKernel");
        var memory = new Dictionary<nint, nint>();
        foreach (DeviceBuffer buffer in Buffers)
        {
            memory[buffer.Address] = clCreateBuffer(_context, ReadWrite, (nuint)Math.Max(buffer.Bytes, 1), null, &error);
            Check(error, "clCreateBuffer");
            Check(clEnqueueWriteBuffer(_queue, memory[buffer.Address], 1, 0, (nuint)buffer.Bytes, (void*)buffer.Address, 0, null, null), "clEnqueueWriteBuffer");
        }
        var arguments = new Arguments(entry, memory);
        kernel.Bind(ref arguments);
        Size3 shape = kernel.GroupShape;
        nuint* local = stackalloc nuint[] { (nuint)shape.X, (nuint)shape.Y, (nuint)shape.Z };
        nuint* global = stackalloc nuint[] { local[0] * (nuint)groups.X, local[1] * (nuint)groups.Y, local[2] * (nuint)groups.Z };
        Check(clEnqueueNDRangeKernel(_queue, entry, 3, null, global, local, 0, null, null), "clEnqueueNDRangeKernel");
        Check(clFinish(_queue), "clFinish");
        foreach (DeviceBuffer buffer in Buffers)
        {
            Check(clEnqueueReadBuffer(_queue, memory[buffer.Address], 1, 0, (nuint)buffer.Bytes, (void*)buffer.Address, 0, null, null), "clEnqueueReadBuffer");
            Check(clReleaseMemObject(memory[buffer.Address]), "clReleaseMemObject");
        }
        Check(clReleaseKernel(entry), "clReleaseKernel");
        Check(clReleaseProgram(program), "clReleaseProgram");
    }

    public override void Dispose()
    {
        if (_queue != 0) _ = clReleaseCommandQueue(_queue);
        if (_context != 0) _ = clReleaseContext(_context);
        base.Dispose();
    }

    private nint Build(string source)
    {
        int error;
        nint program, device = _device;
        byte[] bytes = Encoding.UTF8.GetBytes(source + "\0");
        fixed (byte* text = bytes)
        {
            byte* start = text;
            program = clCreateProgramWithSource(_context, 1, &start, null, &error);
        }
        Check(error, "clCreateProgramWithSource");
        if (clBuildProgram(program, 1, &device, "-cl-std=CL1.2", 0, 0) != 0)
        {
            nuint size;
            Check(clGetProgramBuildInfo(program, device, BuildLog, 0, null, &size), "clGetProgramBuildInfo");
            var log = new byte[(int)size];
            fixed (byte* text = log) Check(clGetProgramBuildInfo(program, device, BuildLog, size, text, null), "clGetProgramBuildInfo");
            Assert.Fail(Encoding.UTF8.GetString(log) + "\n" + source);
        }
        return program;
    }

    private static void Missing(string reason)
    {
        if (Requirement.Of("opencl")) Assert.Fail($"GPUCNN_REQUIRE asks for OpenCL, but {reason}.");
        Assert.Ignore($"Needs an OpenCL device, but {reason}.");
    }

    private static void Check(int error, string call) => Assert.That(error, Is.Zero, call);

    private struct Arguments(nint kernel, Dictionary<nint, nint> memory) : IKernelArguments
    {
        private uint _count;

        public void Add<T>(View<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset);

        public void Add<T>(ReadOnlyView<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset);

        public void Add<T>(T value) where T : unmanaged => Check(clSetKernelArg(kernel, _count++, (nuint)sizeof(T), &value), "clSetKernelArg");

        private void Add<T>(nint address, nint offset) where T : unmanaged
        {
            Add(memory[address]);
            Add((long)offset / sizeof(T));
        }
    }

    [DllImport(Library)] private static extern int clGetPlatformIDs(uint count, nint* platforms, uint* found);
    [DllImport(Library)] private static extern int clGetDeviceIDs(nint platform, ulong kind, uint count, nint* devices, uint* found);
    [DllImport(Library)] private static extern nint clCreateContext(nint* properties, uint count, nint* devices, nint notify, nint data, int* error);
    [DllImport(Library)] private static extern nint clCreateCommandQueue(nint context, nint device, ulong properties, int* error);
    [DllImport(Library)] private static extern nint clCreateProgramWithSource(nint context, uint count, byte** texts, nuint* lengths, int* error);
    [DllImport(Library)] private static extern int clBuildProgram(nint program, uint count, nint* devices, [MarshalAs(UnmanagedType.LPUTF8Str)] string options, nint notify, nint data);
    [DllImport(Library)] private static extern int clGetProgramBuildInfo(nint program, nint device, uint name, nuint size, void* value, nuint* length);
    [DllImport(Library)] private static extern nint clCreateKernel(nint program, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int* error);
    [DllImport(Library)] private static extern int clSetKernelArg(nint kernel, uint index, nuint size, void* value);
    [DllImport(Library)] private static extern nint clCreateBuffer(nint context, ulong flags, nuint size, void* host, int* error);
    [DllImport(Library)] private static extern int clEnqueueWriteBuffer(nint queue, nint buffer, uint blocking, nuint offset, nuint size, void* host, uint waits, nint* events, nint* done);
    [DllImport(Library)] private static extern int clEnqueueReadBuffer(nint queue, nint buffer, uint blocking, nuint offset, nuint size, void* host, uint waits, nint* events, nint* done);
    [DllImport(Library)] private static extern int clEnqueueNDRangeKernel(nint queue, nint kernel, uint dimensions, nuint* offset, nuint* global, nuint* local, uint waits, nint* events, nint* done);
    [DllImport(Library)] private static extern int clFinish(nint queue);
    [DllImport(Library)] private static extern int clReleaseMemObject(nint buffer);
    [DllImport(Library)] private static extern int clReleaseKernel(nint kernel);
    [DllImport(Library)] private static extern int clReleaseProgram(nint program);
    [DllImport(Library)] private static extern int clReleaseCommandQueue(nint queue);
    [DllImport(Library)] private static extern int clReleaseContext(nint context);
}
