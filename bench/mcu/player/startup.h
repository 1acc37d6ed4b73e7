/* From reset to main on a bare Cortex-M. */
#ifndef STARTUP_H
#define STARTUP_H

int main(void);

/* For the program to define: any exception or interrupt; none is expected. Does not return. */
void machine_fault(void);

#endif
