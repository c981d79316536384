namespace GpuCnn.Compiler;

/// <summary>Marks the assembly that will hold the kernel compiler: an incremental generator from C# kernels to CUDA C and OpenCL C.</summary>
public static class CompilerAssembly;
