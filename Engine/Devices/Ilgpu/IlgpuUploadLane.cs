using GpuCnn.Engine.Devices.Gpu;
using ILGPU.Runtime;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Copies on a stream of its own, so that they run beside the kernels of the device's stream.</summary>
internal sealed class IlgpuUploadLane : UploadLane
{
    private readonly IlgpuDevice _device;
    private readonly AcceleratorStream _stream;
    // Places that launches may still read.
    private readonly bool[] _isRead = new bool[Places];

    public IlgpuUploadLane(IlgpuDevice device)
    {
        _device = device;
        // ILGPU calls the driver before it makes the device current.
        device.Accelerator.Bind();
        try
        {
            _stream = device.Accelerator.CreateStream();
        }
        catch (AcceleratorException exception)
        {
            throw IlgpuErrors.From(exception, device);
        }
    }

    public override void Hold(int place) => Finish();

    public override void Release(int place) => _isRead[place] = true;

    public override void Finished() => Array.Clear(_isRead);

    public override void Finish()
    {
        try
        {
            _stream.Synchronize();
        }
        catch (AcceleratorException exception)
        {
            throw IlgpuErrors.From(exception, _device);
        }
    }

    public override void Dispose()
    {
        _device.Accelerator.Bind();
        try
        {
            _stream.Synchronize();
            base.Dispose();
            _stream.Dispose();
        }
        catch (AcceleratorException)
        {
            // After a lost device, these calls fail too and would hide the original failure.
        }
    }

    protected override IDisposable? PinArray(float[] array)
    {
        if (_device.Accelerator.AcceleratorType != AcceleratorType.Cuda) return null;
        _device.Accelerator.Bind();
        try
        {
            return _device.Accelerator.CreatePageLockFromPinned(array);
        }
        catch (AcceleratorException)
        {
            // Copies from memory that is not pinned are only slower.
            return null;
        }
    }

    protected override unsafe void Copy(int place, ReadOnlySpan<float> source, DeviceMemory target, long offset)
    {
        if (_isRead[place])
        {
            _device.Finish();
            Finished();
        }
        try
        {
            fixed (float* first = source)
            {
                float* address = first;
                ((IlgpuMemory)target).Part(offset, source.Length * (long)sizeof(float)).Cast<float>()
                    .CopyFromCPUUnsafeAsync(_stream, ref *address, source.Length);
            }
        }
        catch (AcceleratorException exception)
        {
            throw IlgpuErrors.From(exception, _device);
        }
    }
}
