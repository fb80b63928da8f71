
[assembly: DoNotParallelize]
